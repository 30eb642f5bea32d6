import { Alert, Anchor, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answered, ownClient, type Wire } from '../../api/client';
import { count, size } from '../../lib/words';
import { Failure, Page, Section, Waiting } from '../../ui/page';
import { Facts, Tag, When } from '../../ui/parts';
import { type Metrics, readMetrics } from './metrics';

const EVERY_MS = 5_000;
/** How a metric says that it is a time. */
const IN_SECONDS = /, in unix seconds$/;
/** … a number of bytes, or a state that is or is not. */
const IS_SIZE = /^Bytes /;
const IS_STATE = /^Whether /;

/** Whether this node can decide, and what it has counted since it started. */
export function Health() {
  const whoami = useQuery({ queryKey: ['whoami'], queryFn: () => answered(ownClient.GET('/v1/whoami')) });
  const ready = useQuery({
    queryKey: ['ready'],
    refetchInterval: EVERY_MS,
    queryFn: async () => (await fetch('/readyz')).ok,
  });
  const metrics = useQuery({
    queryKey: ['metrics'],
    refetchInterval: EVERY_MS,
    queryFn: async () => readMetrics(await (await fetch('/metrics')).text()),
  });
  const failed = whoami.error ?? ready.error ?? metrics.error;
  return (
    <Page title="Health" crumbs={[{ title: 'Deployment' }]} lead="This node, every five seconds.">
      {failed && <Failure error={failed} />}
      <Section title="Node">
        <Facts
          items={[
            [
              'Can decide',
              ready.data === undefined ? (
                '…'
              ) : (
                <Tag key="ready" color={ready.data ? 'teal' : 'red'}>
                  {ready.data ? 'Yes' : 'No: requests are refused with auth_unavailable'}
                </Tag>
              ),
            ],
            ['Version', whoami.data?.server_version ?? '…'],
          ]}
        />
      </Section>
      <LogStatus />
      <Section title="Counted since the start" lead="The same numbers, and more, are at /metrics for Prometheus.">
        {metrics.isPending && <Waiting />}
        {metrics.data && (
          <>
            <Table>
              <Table.Tbody>
                {metrics.data.gauges.map(({ help, value }) => (
                  <Table.Tr key={help}>
                    <Table.Td>{help.replace(IN_SECONDS, '')}</Table.Td>
                    <Table.Td ta="right">
                      <Gauge help={help} value={value} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            <Answers answers={metrics.data.answers} />
          </>
        )}
        <Anchor href="/metrics" fz="sm">
          /metrics
        </Anchor>
      </Section>
    </Page>
  );
}

/** A number as what it is: a time, a size, a yes or no, a count. */
function Gauge({ help, value }: { help: string; value: number }) {
  if (IN_SECONDS.test(help)) return <When at={value > 0 ? new Date(value * 1000).toISOString() : null} />;
  if (IS_SIZE.test(help)) return size(value);
  if (IS_STATE.test(help)) return value === 0 ? 'no' : 'yes';
  return value.toLocaleString('en');
}

/** Why rows of the log can be missing, in words. */
const REASONS: Record<string, string> = {
  queue_full: 'Dropped under overload',
  disk: 'Dropped because the disk took nothing',
  gap: 'Lost when the program was killed',
};

/** Whether every decision has its row in the log, and what is missing. */
function LogStatus() {
  const status = useQuery({
    queryKey: ['log-status'],
    refetchInterval: EVERY_MS,
    queryFn: () => answered(ownClient.GET('/v1/logs/status')),
  });
  const log = status.data;
  return (
    <Section
      title="Request log"
      lead="Of this node’s decisions since it started, each is stored, on its way, or counted as dropped."
      actions={log && <Tag color={log.failing ? 'red' : 'teal'}>{log.failing ? 'Can’t be written' : 'Written'}</Tag>}
    >
      {status.isPending && <Waiting />}
      {status.isError && <Failure error={status.error} again={() => status.refetch()} />}
      {log?.failing && (
        <Alert color="red" title="Nothing can be written at the moment">
          {log.failing}, since <When at={log.failing_since} />. Decisions go on; what is lost is counted below.
        </Alert>
      )}
      {log && (
        <Facts
          items={[
            ['Decided', log.decided.toLocaleString('en')],
            ['Stored', log.stored.toLocaleString('en')],
            ['On their way', log.under_way.toLocaleString('en')],
            ...(log.dropped.length === 0 ? ([['Dropped', 'none']] as [string, string][]) : []),
            ...log.dropped.map((one): [string, string] => [
              REASONS[one.reason] ?? one.reason,
              one.records.toLocaleString('en'),
            ]),
            ['Missing of all that is kept', <Missing key="missing" missing={log.missing} />],
            ['Rows that can be found', log.records.toLocaleString('en')],
            ['On the disk', `${size(log.bytes)}, ${count(log.segments, 'compressed file')}`],
            ['The earliest row', <When key="oldest" at={log.oldest} none="none yet" />],
          ]}
        />
      )}
    </Section>
  );
}

function Missing({ missing }: { missing: Wire['LogMissing'][] }) {
  if (missing.length === 0) return 'nothing';
  return (
    <Stack gap={2}>
      {missing.map((one) => (
        <span key={`${one.reason} ${one.since}`}>
          {REASONS[one.reason] ?? one.reason}: {one.records.toLocaleString('en')}, <When at={one.since} /> to{' '}
          <When at={one.until} />
        </span>
      ))}
    </Stack>
  );
}

const CLASSES = ['2xx', '3xx', '4xx', '5xx'];

function Answers({ answers }: { answers: Metrics['answers'] }) {
  return (
    <Stack gap={4}>
      <Text fz="sm" fw={600}>
        Answers of the gateway, by their status
      </Text>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>API</Table.Th>
            {CLASSES.map((one) => (
              <Table.Th key={one} ta="right">
                {one}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {answers.map(({ api, classes }) => (
            <Table.Tr key={api}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{api}</Table.Td>
              {CLASSES.map((one) => (
                <Table.Td key={one} ta="right">
                  {(classes.get(one) ?? 0).toLocaleString('en')}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
