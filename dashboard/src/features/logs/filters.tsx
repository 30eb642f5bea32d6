import { Group, Select, TextInput } from '@mantine/core';
import type { Wire } from '../../api/client';
import { instant } from '../../lib/stretch';
import { useView } from '../../session/view';
import { ApiChoice } from '../../shared/apis';
import { OUTCOMES } from '../../shared/log-words';
import type { LogQuery } from './use-book';

/** What somebody asks for, as they write it. */
export interface Asked {
  api: string | null;
  outcome: string | null;
  status: string;
  path: string;
  key: string;
  /** Times of the viewer's zone, as the browser's own field has them. */
  since: string;
  until: string;
}

export const NOTHING_ASKED: Asked = { api: null, outcome: null, status: '', path: '', key: '', since: '', until: '' };

/** What is sent: only what was said. */
export function queryOf(asked: Asked, account: string | undefined): LogQuery {
  return {
    account_id: account,
    api: asked.api ?? undefined,
    key_id: asked.key.trim() || undefined,
    path: asked.path.trim() || undefined,
    status: asked.status.trim() || undefined,
    outcome: (asked.outcome ?? undefined) as Wire['LogOutcome'] | undefined,
    since: instant(asked.since),
    until: instant(asked.until),
  };
}

export function Filters({ asked, onChange }: { asked: Asked; onChange: (asked: Asked) => void }) {
  const { scope } = useView();
  const field = (name: 'status' | 'path' | 'key' | 'since' | 'until') => ({
    value: asked[name],
    onChange: (event: { currentTarget: { value: string } }) =>
      onChange({ ...asked, [name]: event.currentTarget.value }),
  });
  return (
    <div className="filters">
      {!scope && <ApiChoice isLabelled value={asked.api} onChange={(api) => onChange({ ...asked, api })} />}
      <Select
        label="Outcome"
        placeholder="Any"
        clearable
        w={130}
        value={asked.outcome}
        onChange={(outcome) => onChange({ ...asked, outcome })}
        data={OUTCOMES}
      />
      <TextInput label="Status" placeholder="401, 4xx" w={110} {...field('status')} />
      <TextInput label="Path" placeholder="/validate/*" flex="1 1 7rem" {...field('path')} />
      <TextInput label="Key id" placeholder="key_…" flex="1 1 7rem" {...field('key')} />
      <Group gap="sm" flex="1 1 26rem" className="wide">
        <TextInput label="From" type="datetime-local" flex="1 1 12.5rem" {...field('since')} />
        <TextInput label="Until" type="datetime-local" flex="1 1 12.5rem" {...field('until')} />
      </Group>
    </div>
  );
}
