import { Button, Checkbox, Group, NumberInput, Radio, Stack, Switch, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, ifMatch, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useScope } from '../../session/scope';
import { Touched } from '../../shared/touched';
import { Failure, Page, Section, Waiting } from '../../ui/page';

/** What the account demands of keys that are made or changed from now on. */
export function PolicyPage() {
  const scope = useScope();
  const policy = useQuery({
    queryKey: ['policy', scope.id],
    queryFn: () =>
      answered(scope.client.GET('/v1/accounts/{account_id}/policy', { params: { path: { account_id: scope.id } } })),
  });
  return (
    <Page
      title="Policy"
      crumbs={[{ title: 'Safety' }]}
      lead="What this account demands of keys that are made, changed or rotated from now on. Keys that are out keep working."
    >
      {policy.isPending && <Waiting />}
      {policy.isError && <Failure error={policy.error} again={() => policy.refetch()} />}
      {policy.data && <Form key={policy.data.version} kept={policy.data} />}
    </Page>
  );
}

const EXPOSED: [Wire['Exposed'], string, string][] = [
  ['warn', 'Warn', 'Tell the key’s people, and let it work on.'],
  ['contain', 'Contain', 'Tell them, and disable it until somebody decides.'],
  ['revoke', 'Revoke', 'Tell them, and end it at once.'],
];

function Form({ kept }: { kept: Wire['KeptPolicy'] }) {
  const scope = useScope();
  const { api } = scope;
  const mayWrite = scope.may('settings.write');
  const [days, setDays] = useState<number | ''>(kept.lifetime_days_max ?? '');
  const [expiry, setExpiry] = useState(kept.expiry_required);
  const [addresses, setAddresses] = useState(kept.addresses_required);
  const [bounded, setBounded] = useState(kept.scopes_max != null);
  const [scopes, setScopes] = useState<string[]>(kept.scopes_max ?? []);
  const [approval, setApproval] = useState(kept.approval_scopes);
  const [exposed, setExposed] = useState(kept.exposed);
  const [preview, setPreview] = useState<Wire['DryRun'] | null>(null);
  const send = (dry_run: boolean) =>
    answered(
      scope.client.PUT('/v1/accounts/{account_id}/policy', {
        params: { path: { account_id: scope.id }, query: { dry_run }, header: ifMatch(kept.version) },
        body: {
          lifetime_days_max: days === '' ? null : days,
          expiry_required: expiry,
          addresses_required: addresses,
          scopes_max: bounded ? scopes : null,
          approval_scopes: approval,
          exposed,
        },
      }),
    );
  const rehearse = useAction(async () => (await send(true)) as Wire['DryRun']);
  const save = useAction(() => send(false));
  const refused = save.refused ?? rehearse.refused;
  return (
    <fieldset disabled={!mayWrite} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <Stack gap="lg">
        {refused && <Failure error={refused} shown={['/lifetime_days_max']} />}
        <Section title="Lifetime">
          <Stack maw={480}>
            <NumberInput
              label="Most days until a key ends"
              description="Left empty: any number. A key that never ends is above any number."
              min={1}
              max={3650}
              clampBehavior="none"
              allowDecimal={false}
              value={days}
              onChange={(value) => setDays(typeof value === 'number' ? value : '')}
              error={refused?.at('/lifetime_days_max')}
            />
            <Switch
              label="Every key must end some day"
              checked={expiry}
              onChange={(event) => setExpiry(event.currentTarget.checked)}
            />
          </Stack>
        </Section>
        <Section title="Where from">
          <Switch
            label="Every key must be bound to addresses"
            checked={addresses}
            onChange={(event) => setAddresses(event.currentTarget.checked)}
          />
        </Section>
        {api.scopes.length > 0 && (
          <Section title="Scopes">
            <Switch
              label="Keys may have some scopes only"
              checked={bounded}
              onChange={(event) => setBounded(event.currentTarget.checked)}
            />
            {bounded && <Scopes label="The most a key may have" api={api} value={scopes} onChange={setScopes} />}
            <Scopes label="A second admin must approve these" api={api} value={approval} onChange={setApproval} />
          </Section>
        )}
        <Section title="When a secret is published" lead="Reports come from scanners such as GitHub’s.">
          <Radio.Group
            aria-label="When a secret is published"
            value={exposed}
            onChange={(value) => setExposed(value as Wire['Exposed'])}
          >
            <Stack gap="xs">
              {EXPOSED.map(([value, label, text]) => (
                <Radio key={value} value={value} label={label} description={text} />
              ))}
            </Stack>
          </Radio.Group>
        </Section>
        {preview && (
          <Section
            title="Keys that would not fit"
            lead="They keep working. To rotate or extend one, make it fit first."
          >
            <Touched found={preview} />
          </Section>
        )}
        {mayWrite ? (
          <Group>
            <Button
              loading={save.busy}
              onClick={async () => {
                rehearse.forget();
                if ((await save.run()) === undefined) return;
                setPreview(null);
                notifications.show({ message: 'The policy is saved.', color: 'teal' });
              }}
            >
              Save
            </Button>
            <Button
              variant="default"
              loading={rehearse.busy}
              onClick={async () => {
                save.forget();
                setPreview((await rehearse.run()) ?? null);
              }}
            >
              See which keys would not fit
            </Button>
          </Group>
        ) : (
          <Text fz="sm" className="quiet">
            Your role may look at this and not change it.
          </Text>
        )}
      </Stack>
    </fieldset>
  );
}

function Scopes({
  label,
  api,
  value,
  onChange,
}: {
  label: string;
  api: Wire['Api'];
  value: string[];
  onChange: (value: string[]) => void;
}) {
  return (
    <Checkbox.Group label={label} value={value} onChange={onChange}>
      <Stack gap={6} mt={6}>
        {api.scopes.map((scope) => (
          <Checkbox key={scope.name} value={scope.name} label={scope.name} description={scope.description} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
