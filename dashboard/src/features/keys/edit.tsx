import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, ifMatch, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { type Choice, fault, toExpires } from '../../lib/expiry';
import { afterDrawing, focusFault } from '../../lib/focus';
import { capital, word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { ExpiryField } from '../../shared/expiry-field';
import { defaultLimit, keyName, rulesOf } from '../../shared/key-facts';
import { Touched } from '../../shared/touched';
import { Modal } from '../../ui/modal';
import { Failure, Page, Section, Waiting } from '../../ui/page';
import { When } from '../../ui/parts';
import { usePolicy } from './create';
import { keyQuery } from './data';
import { AddressField, LabelFields, LimitField, ScopeField } from './form';

const SHOWN = ['/name', '/scopes', '/addresses', '/limits', '/expires', '/tags', '/external_id'];

/** The page that edits a key. Its secret is not here and does not change. */
export function EditKey() {
  const scope = useScope();
  const { key: id } = useParams({ strict: false }) as { key: string };
  const found = useQuery(keyQuery(scope, id));
  // What somebody writes is not thrown away when the key is changed elsewhere meanwhile.
  const [begun, setBegun] = useState<Wire['Key'] | null>(null);
  const original = begun ?? found.data;
  if (begun === null && found.data) setBegun(found.data);
  return (
    <Page
      title={word(scope.words, 'edit_title')}
      crumbs={[
        { title: word(scope.words, 'keys_page'), to: `/a/${scope.id}/keys` },
        { title: found.data ? keyName(found.data, scope.words) : '…', to: `/a/${scope.id}/keys/${id}` },
      ]}
      lead="The secret stays as it is and keeps working."
    >
      {found.isPending && <Waiting />}
      {found.isError && <Failure error={found.error} again={() => found.refetch()} />}
      {original && found.data && (
        <Form
          key={original.version}
          original={original}
          latest={found.data}
          onAnew={setBegun}
          look={() => void found.refetch()}
        />
      )}
    </Page>
  );
}

function Form({
  original,
  latest,
  onAnew,
  look,
}: {
  original: Wire['Key'];
  latest: Wire['Key'];
  onAnew: (latest: Wire['Key']) => void;
  /** Reads it again: what was refused may have been refused for a change elsewhere. */
  look: () => void;
}) {
  const scope = useScope();
  const { api, words } = scope;
  const navigate = useNavigate();
  const rules = rulesOf(api, original.kind);
  const policy = usePolicy(scope);
  const common = defaultLimit(api, original.environment);
  const own = original.limits.find((limit) => limit.name === (common?.name ?? 'default'));
  const [name, setName] = useState(original.name ?? '');
  const [expiry, setExpiry] = useState<Choice>({ mode: 'unsaid' });
  const [scopes, setScopes] = useState(original.scopes);
  const [limit, setLimit] = useState<number | ''>(own?.limit ?? '');
  const [addresses, setAddresses] = useState(original.addresses);
  const [tags, setTags] = useState(original.tags);
  const [externalId, setExternalId] = useState(original.external_id ?? '');
  const [preview, setPreview] = useState<Wire['DryRun'] | null>(null);
  const [tried, setTried] = useState(false);
  const [saving, setSaving] = useState(false);

  const edit = (): Wire['KeyEdit'] => {
    const others = original.limits.filter((one) => one !== own);
    const mine = limit === own?.limit ? own : limitOf(limit, common);
    const expires = toExpires(expiry);
    return {
      ...(name !== (original.name ?? '') ? { name: name.trim() || null } : {}),
      ...(expires ? { expires } : {}),
      ...(same(scopes, original.scopes) ? {} : { scopes }),
      ...(same(addresses, original.addresses) ? {} : { addresses }),
      ...(limit === (own?.limit ?? '') ? {} : { limits: mine ? [...others, mine] : others }),
      ...(same(tags, original.tags) ? {} : { tags }),
      ...(externalId !== (original.external_id ?? '') ? { external_id: externalId || null } : {}),
    };
  };
  const send = (dry_run: boolean) =>
    answered(
      scope.client.PATCH('/v1/keys/{key_id}', {
        params: { path: { key_id: original.id }, query: { dry_run }, header: ifMatch(original.version) },
        body: edit(),
      }),
    );
  const rehearse = useAction(async () => (await send(true)) as Wire['DryRun']);
  const save = useAction(() => send(false));
  const refused = save.refused ?? rehearse.refused;
  const expiryFault = rules ? fault(expiry, rules.expiry, false) : null;

  const keep = async () => {
    setSaving(true);
    if ((await save.run()) === undefined) {
      setSaving(false);
      setPreview(null);
      look();
      return;
    }
    notifications.show({ message: `${capital(word(words, 'key'))} “${name}” is changed.`, color: 'teal' });
    await navigate({ to: `/a/${scope.id}/keys/${original.id}` });
  };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setTried(true);
    save.forget();
    rehearse.forget();
    if (expiryFault) return afterDrawing(() => focusFault(form));
    if (!narrows(original, scopes, addresses, limit, own, expiry)) return keep();
    const found = await rehearse.run();
    if (!found) return look();
    if (found.keys.some((key) => key.last_used_at)) setPreview(found);
    else await keep();
  };

  if (!rules) return null;
  return (
    <form onSubmit={submit} noValidate>
      <Section title="Settings">
        <Stack maw={560}>
          {refused && <Failure error={refused} shown={SHOWN} />}
          {latest.version !== original.version && !saving && (
            <Alert color="orange" p="sm" title="It was changed meanwhile" role="alert">
              <Stack gap="xs" align="flex-start">
                <Text fz="sm">What you write here can’t be saved any more.</Text>
                <Button size="xs" variant="default" onClick={() => onAnew(latest)}>
                  Begin anew with what it is now
                </Button>
              </Stack>
            </Alert>
          )}
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={rules.name_chars_max}
            error={refused?.at('/name')}
            required={rules.naming === 'required'}
          />
          <div>
            <Text fz="sm" mb={6}>
              {original.expires_at ? 'It ends ' : 'It never ends'}
              {original.expires_at && <When at={original.expires_at} />}. A new span is counted from now
              {original.standing === 'expired' ? ', and makes it valid again.' : '.'}
            </Text>
            <ExpiryField
              label="Another span"
              rules={rules.expiry}
              value={expiry}
              onChange={setExpiry}
              error={refused?.at('/expires') ?? (tried ? expiryFault : null)}
            />
            {expiry.mode !== 'unsaid' && (
              <Button size="compact-xs" variant="subtle" mt={4} onClick={() => setExpiry({ mode: 'unsaid' })}>
                Leave its end as it is
              </Button>
            )}
          </div>
          {api.scopes.length > 0 && (
            <ScopeField
              api={api}
              value={scopes}
              onChange={setScopes}
              approval={policy?.approval_scopes ?? []}
              error={refused?.at('/scopes')}
              required={rules.scopes_required}
            />
          )}
          <LimitField common={common} value={limit} onChange={setLimit} error={refused?.at('/limits')} />
          <AddressField value={addresses} onChange={setAddresses} refused={refused} />
          <LabelFields
            tags={tags}
            externalId={externalId}
            onTags={setTags}
            onExternalId={setExternalId}
            refused={refused}
          />
          <Group>
            <Button type="submit" loading={save.busy || rehearse.busy}>
              {word(words, 'save')}
            </Button>
            <Button component={Link} to={`/a/${scope.id}/keys/${original.id}`} variant="default">
              Cancel
            </Button>
          </Group>
        </Stack>
      </Section>
      <Modal opened={preview !== null} onClose={() => setPreview(null)} title="It is in use">
        {preview && (
          <Stack>
            <Text fz="sm">This permits less than before. Whatever needs more than that is refused at once.</Text>
            <Touched found={preview} />
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setPreview(null)}>
                Go back
              </Button>
              <Button color="orange" onClick={keep} loading={save.busy}>
                {word(words, 'save')} anyway
              </Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </form>
  );
}

function limitOf(limit: number | '', common: Wire['Limit'] | undefined): Wire['Limit'] | null {
  if (limit === '') return null;
  return common ? { name: common.name, limit } : { name: 'default', limit, window_s: 3_600 };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}

/** Whether requests that pass today might not pass any more. */
function narrows(
  original: Wire['Key'],
  scopes: readonly string[],
  addresses: readonly string[],
  limit: number | '',
  own: Wire['Limit'] | undefined,
  expiry: Choice,
): boolean {
  const losesScope = original.scopes.some((scope) => !scopes.includes(scope));
  const losesAddress = addresses.length > 0 && !same(addresses, original.addresses);
  const losesRate = limit !== '' && limit < (own?.limit ?? Number.POSITIVE_INFINITY);
  const losesTime =
    expiry.mode === 'days' &&
    expiry.days !== '' &&
    (original.expires_at == null || Date.now() + expiry.days * 86_400_000 < new Date(original.expires_at).getTime());
  return losesScope || losesAddress || losesRate || losesTime;
}
