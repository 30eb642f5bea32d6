import { Button, Group, Menu, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { clientFor } from '../../api/client';
import { refusal } from '../../api/problem';
import { useAction } from '../../api/use-action';
import { save } from '../../lib/save';
import { useScopeIfAny } from '../../session/scope';
import { AuditTrail } from '../../shared/audit-trail';
import { Failure, Page, Section } from '../../ui/page';

const TYPING_MS = 300;

/** Who did what: of one account, or (for an operator, outside of any) of all. */
export function AuditPage() {
  const scope = useScopeIfAny();
  const [action, setAction] = useState('');
  const [subject, setSubject] = useState('');
  const [actor, setActor] = useState('');
  const [filter] = useDebouncedValue({ action, subject, actor }, TYPING_MS);
  const download = useAction(async (format: 'csv' | 'ndjson') => {
    const client = scope?.client ?? clientFor(null);
    const query = { format, account_id: scope?.id };
    const { data, error, response } = await client.GET('/v1/audit/export', { params: { query }, parseAs: 'blob' });
    if (!response.ok || !data) throw refusal(response, error);
    save(data as Blob, `audit.${format}`);
    return true;
  });
  return (
    <Page
      title={scope ? 'Audit' : 'Whole audit'}
      crumbs={[{ title: scope ? 'Safety' : 'All accounts' }]}
      lead="Every change: who made it, when, from where, and what was there before. It is chained, so that nobody alters it unseen."
      actions={
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" leftSection={<Download size={15} aria-hidden />} loading={download.busy}>
              Export
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => download.run('csv')}>CSV</Menu.Item>
            <Menu.Item onClick={() => download.run('ndjson')}>NDJSON</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      }
    >
      {download.refused && <Failure error={download.refused} />}
      <Section title="Events">
        <Group grow preventGrowOverflow={false}>
          <TextInput
            label="Action"
            placeholder="key.revoked"
            value={action}
            onChange={(event) => setAction(event.currentTarget.value)}
          />
          <TextInput
            label="Object"
            placeholder="key_…"
            value={subject}
            onChange={(event) => setSubject(event.currentTarget.value)}
          />
          <TextInput
            label="Actor"
            placeholder="person:person_…"
            value={actor}
            onChange={(event) => setActor(event.currentTarget.value)}
          />
        </Group>
        <AuditTrail
          action={filter.action.trim() || undefined}
          subject={filter.subject.trim() || undefined}
          actor={filter.actor.trim() || undefined}
        />
      </Section>
    </Page>
  );
}
