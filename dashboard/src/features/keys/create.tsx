import { Alert, Button, Group, Input, SegmentedControl, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { type Choice, fault, toExpires } from '../../lib/expiry';
import { afterDrawing, focusFault } from '../../lib/focus';
import { indefinite, word } from '../../lib/words';
import { type Scope, useScope } from '../../session/scope';
import { ExpiryField } from '../../shared/expiry-field';
import { defaultLimit, rulesOf } from '../../shared/key-facts';
import { SecretShown } from '../../shared/secret-shown';
import { Modal } from '../../ui/modal';
import { Failure } from '../../ui/page';
import { AddressField, LabelFields, LimitField, limits, More, ScopeField } from './form';

const SHOWN = ['/name', '/scopes', '/addresses', '/limits', '/expires', '/tags', '/external_id', '/environment'];
/** What is proposed where nothing else is said. */
const USUAL_DAYS = 90;

/** The account's demands, for whoever may read them; the server judges by them anyway. */
export function usePolicy(scope: Scope) {
  return useQuery({
    queryKey: ['policy', scope.id],
    enabled: scope.may('settings.read'),
    queryFn: () =>
      answered(scope.client.GET('/v1/accounts/{account_id}/policy', { params: { path: { account_id: scope.id } } })),
  }).data;
}

/** Makes a key and shows its secret, once. Once it is shown only the button ends the dialog: nobody loses it by a slip. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const scope = useScope();
  const [made, setMade] = useState<Wire['KeyWithSecret'] | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  const title = made ? (made.name ?? word(scope.words, 'secret')) : word(scope.words, 'new_key_title');
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={made === null}
      withCloseButton={made === null}
    >
      {made ? <SecretShown made={made} onDone={close} /> : <Form onMade={setMade} onCancel={onClose} />}
    </Modal>
  );
}

function Form({ onMade, onCancel }: { onMade: (made: Wire['KeyWithSecret']) => void; onCancel: () => void }) {
  const scope = useScope();
  const { api, words } = scope;
  const rules = rulesOf(api, 'account');
  const policy = usePolicy(scope);
  const [name, setName] = useState('');
  const [environment, setEnvironment] = useState<Wire['Environment']>('live');
  const [expiry, setExpiry] = useState<Choice>(() => proposed(rules));
  const [scopes, setScopes] = useState<string[]>([]);
  const [limit, setLimit] = useState<number | ''>('');
  const [addresses, setAddresses] = useState<string[]>([]);
  const [tags, setTags] = useState<string[]>([]);
  const [externalId, setExternalId] = useState('');
  const [byLink, setByLink] = useState(false);
  const [recipient, setRecipient] = useState('');
  const [more, setMore] = useState(false);
  const [tried, setTried] = useState(false);
  const common = defaultLimit(api, environment);
  const create = useAction(() =>
    answered(
      scope.client.POST('/v1/keys', {
        body: {
          account_id: scope.id,
          kind: 'account',
          environment,
          name: name.trim(),
          expires: toExpires(expiry),
          scopes,
          addresses,
          limits: limits(limit, common),
          tags,
          external_id: externalId || undefined,
          pickup: byLink ? { recipient: recipient || undefined } : undefined,
        },
      }),
    ),
  );
  if (!rules) return <Text>This API issues no {word(words, 'keys')}.</Text>;

  const expiryFault = fault(expiry, rules.expiry, rules.expiry.required);
  const scopesFault =
    rules.scopes_required && scopes.length === 0 ? 'Choose at least one: without a scope it could do nothing.' : null;
  const nameFault =
    name.trim() === '' ? `Name it after the program that uses it: the name is how you find it again.` : null;
  const hasFaults = Boolean(expiryFault ?? scopesFault ?? nameFault);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setTried(true);
    if (hasFaults) {
      create.forget();
      return afterDrawing(() => focusFault(form));
    }
    const made = await create.run();
    if (made) onMade(made);
  };

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {create.refused && <Failure error={create.refused} shown={SHOWN} />}
        <TextInput
          label="Name"
          description={`What uses ${indefinite(word(words, 'key'))}: one for each program or partner.`}
          placeholder="Such as “Billing worker”"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={rules.name_chars_max}
          error={create.refused?.at('/name') ?? (tried ? nameFault : null)}
          withAsterisk
          data-autofocus
        />
        {(api.environments.length > 1 || rules.names_environment) && (
          <EnvironmentField api={api} value={environment} onChange={setEnvironment} />
        )}
        {api.scopes.length > 0 && (
          <ScopeField
            api={api}
            value={scopes}
            onChange={setScopes}
            approval={policy?.approval_scopes ?? []}
            error={create.refused?.at('/scopes') ?? (tried ? (scopesFault ?? undefined) : undefined)}
            required={rules.scopes_required}
          />
        )}
        <ExpiryField
          rules={rules.expiry}
          value={expiry}
          onChange={setExpiry}
          error={create.refused?.at('/expires') ?? (tried ? expiryFault : null)}
        />
        <LimitField common={common} value={limit} onChange={setLimit} error={create.refused?.at('/limits')} />
        <More open={more} onToggle={() => setMore(!more)}>
          <AddressField value={addresses} onChange={setAddresses} refused={create.refused} />
          <Switch
            label="Hand it over by a link"
            description="You never see the secret; whoever opens the link sees it once."
            checked={byLink}
            onChange={(event) => setByLink(event.currentTarget.checked)}
          />
          {byLink && (
            <TextInput
              label="For whom"
              description="Shown to them, and kept in the audit."
              value={recipient}
              onChange={(event) => setRecipient(event.currentTarget.value)}
            />
          )}
          <LabelFields
            tags={tags}
            externalId={externalId}
            onTags={setTags}
            onExternalId={setExternalId}
            refused={create.refused}
          />
        </More>
        {policy?.addresses_required && addresses.length === 0 && (
          <Alert color="blue" p="sm">
            This account’s policy wants addresses: see “More settings”.
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={create.busy}>
            {word(words, 'create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Secrets that nobody can read again live for a while only, unless somebody decides otherwise. */
function proposed(rules: Wire['KindRules'] | undefined): Choice {
  if (!rules || rules.expiry.required) return { mode: 'unsaid' };
  const fits = USUAL_DAYS >= rules.expiry.days_min && USUAL_DAYS <= rules.expiry.days_max;
  return rules.visibility === 'once' && fits ? { mode: 'days', days: USUAL_DAYS } : { mode: 'never' };
}

function EnvironmentField({
  api,
  value,
  onChange,
}: {
  api: Wire['Api'];
  value: Wire['Environment'];
  onChange: (value: Wire['Environment']) => void;
}) {
  const hasTest = api.environments.includes('test');
  const hasLive = api.environments.includes('live');
  const told =
    value === 'live' ? 'Real data; the limits apply.' : 'For development: no real data, and limits of its own.';
  return (
    <Input.Wrapper
      label="Environment"
      labelElement="div"
      description={hasTest ? told : 'Test keys are not offered yet.'}
    >
      <SegmentedControl
        mt={6}
        aria-label="Environment"
        value={value}
        onChange={(value) => onChange(value as Wire['Environment'])}
        data={[
          { value: 'live', label: 'Live', disabled: !hasLive },
          { value: 'test', label: 'Test', disabled: !hasTest },
        ]}
      />
    </Input.Wrapper>
  );
}
