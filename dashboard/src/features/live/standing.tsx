import { Button, Group } from '@mantine/core';
import type { useStream } from '../../api/use-stream';
import { Failure } from '../../ui/page';
import { Tag } from '../../ui/parts';

/** How a stream is, in a word; and what can be done where it is not running. */
export function StreamStanding({ stream, what }: { stream: ReturnType<typeof useStream>; what: string }) {
  if (stream.state === 'refused') return null;
  return (
    <Group gap="xs">
      <div role="status">
        {stream.state === 'connecting' && <Tag>Connecting…</Tag>}
        {stream.state === 'open' && <Tag color="teal">{what}</Tag>}
        {stream.state === 'waiting' && (
          <Tag color="orange">{stream.why?.status === 429 ? 'Too many are watching' : 'Broken off'}: trying again</Tag>
        )}
        {stream.state === 'over' && <Tag color="red">Over: you may not watch any more</Tag>}
      </div>
      {(stream.state === 'over' || stream.state === 'waiting') && (
        <Button size="compact-xs" variant="default" onClick={stream.again}>
          Try now
        </Button>
      )}
    </Group>
  );
}

/** Why a stream was not opened, where it was not. */
export function StreamFault({ stream }: { stream: ReturnType<typeof useStream> }) {
  return stream.state === 'refused' ? <Failure error={stream.why} again={stream.again} /> : null;
}
