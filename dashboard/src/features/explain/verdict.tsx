import { Alert, Group, Stack, Table, Text } from '@mantine/core';
import { Check, CircleSlash, Minus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Wire } from '../../api/client';
import { span } from '../../lib/time';
import { KeyNamed } from '../../shared/key-named';
import { Details } from '../../shared/log-details';
import { Section } from '../../ui/page';
import { Facts, Tag, When } from '../../ui/parts';
import { checkWords, nextStep } from './words';

/** What would become of a request, and why. */
export function Verdict({ verdict }: { verdict: Wire['ExplainedRequest'] }) {
  const next = nextStep(verdict.code);
  return (
    <Stack gap="lg">
      <Alert
        color={verdict.allow ? 'teal' : 'red'}
        icon={verdict.allow ? <Check size={18} aria-hidden /> : <CircleSlash size={18} aria-hidden />}
        title={verdict.allow ? 'It is let in' : `It is refused: ${verdict.status}, ${verdict.code}`}
      >
        <Stack gap={6}>
          {verdict.detail && <Text fz="sm">{verdict.detail}</Text>}
          {verdict.allow && <Text fz="sm">Every check passes: the request goes on to the API.</Text>}
          {verdict.retry_after_s != null && (
            <Text fz="sm">It can be tried again in {span(Number(verdict.retry_after_s))}.</Text>
          )}
          {next && (
            <Text fz="sm">
              <b>What to do:</b> {next}
            </Text>
          )}
        </Stack>
      </Alert>
      <Checks title="Checks" checks={verdict.checks} />
      <Section title="What was found">
        <Facts items={facts(verdict)} />
      </Section>
    </Stack>
  );
}

function facts(verdict: Wire['ExplainedRequest']): [string, ReactNode][] {
  const key = verdict.key_id;
  return [
    ['API', verdict.api ?? 'none'],
    ['Route', verdict.route ?? 'none'],
    ['Key', key ? <KeyNamed key="key" id={key} account={verdict.account_id} /> : 'none'],
    ...(verdict.environment ? ([['Environment', verdict.environment]] as [string, ReactNode][]) : []),
    ...(verdict.region ? ([['Region', verdict.region]] as [string, ReactNode][]) : []),
    ...(key
      ? ([
          [
            'Scopes',
            <Group key="scopes" gap={6}>
              {verdict.scopes.length === 0 ? 'none' : verdict.scopes.map((one) => <Tag key={one}>{one}</Tag>)}
            </Group>,
          ],
        ] as [string, ReactNode][])
      : []),
    ...verdict.limits.map((limit): [string, ReactNode] => [
      `Left of “${limit.name}”`,
      <span key={limit.name}>
        {limit.remaining.toLocaleString('en')} of {limit.limit.toLocaleString('en')}
        {limit.reset_at && limit.remaining < limit.limit && (
          <span className="quiet">
            , whole again <When at={limit.reset_at} />
          </span>
        )}
      </span>,
    ]),
  ];
}

const MARKS = {
  passed: { word: 'passed', color: 'teal', icon: Check },
  failed: { word: 'failed', color: 'red', icon: X },
  skipped: { word: 'not looked at', color: 'gray', icon: Minus },
} as const;

/** Each check in words, in the order in which they are made. */
export function Checks({ title, checks }: { title: string; checks: Wire['Check'][] }) {
  if (checks.length === 0) return null;
  return (
    <Section title={title} lead="In the order in which they are made: the first one that fails is told to the caller.">
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Check</Table.Th>
            <Table.Th>Outcome</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {checks.map((check, index) => {
            const [name, asks] = checkWords(check.name);
            const mark = MARKS[check.outcome];
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: checks of one name follow each other, and none moves
              <Table.Tr key={`${check.name} ${index}`}>
                <Table.Td>
                  <Text fz="sm" fw={600}>
                    {name}
                  </Text>
                  <Text fz="sm" className={check.detail ? undefined : 'quiet'}>
                    {check.detail ?? asks}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Tag color={mark.color}>
                    <Group gap={4} wrap="nowrap" component="span">
                      <mark.icon size={13} aria-hidden />
                      {mark.word}
                    </Group>
                  </Tag>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Section>
  );
}

/** What became of a request that was made. */
export function Recorded({ recorded }: { recorded: Wire['ExplainedRecord'] }) {
  const { row, checks } = recorded;
  const next = nextStep(row.code);
  return (
    <Stack gap="lg">
      <Alert
        color={row.outcome === 'refused' ? 'red' : row.outcome === 'error' ? 'orange' : 'teal'}
        title={
          row.outcome === 'refused' ? `It was refused: ${row.status}, ${row.code}` : `It was let in: ${row.status}`
        }
      >
        <Text fz="sm">
          {next ? (
            <>
              <b>What to do:</b> {next}
            </>
          ) : row.outcome === 'error' ? (
            'Every check passed; the answer is the API’s own.'
          ) : (
            'Every check passed.'
          )}
        </Text>
      </Alert>
      <Checks title="Checks at that time" checks={checks} />
      <Section title="The request">
        <Details entry={row} isExplained />
      </Section>
    </Stack>
  );
}
