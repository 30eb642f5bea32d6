import { Button, Group, Table, Text } from '@mantine/core';
import { Eye, EyeOff } from 'lucide-react';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { authorization } from '../../lib/snippets';
import { useScope } from '../../session/scope';
import { keyName } from '../../shared/key-facts';
import { CopyIcon } from '../../ui/parts';

const DOTS = '••••••••••••';

/**
 * The columns of a key that stays readable: its secret and the ready header, on demand. Each look is audited. A phone has
 * room for them on the key's own page: `from` says where there is.
 */
export function ReadableCells({ row, from }: { row: Wire['Key']; from?: 'sm' }) {
  const { client, words, api } = useScope();
  const [secret, setSecret] = useState<string | null>(null);
  const reveal = useAction(() =>
    answered(client.POST('/v1/keys/{key_id}/reveal', { params: { path: { key_id: row.id } } })),
  );
  const scheme = api.schemes.find((one) => one.type === 'basic') ?? { type: 'bearer' as const };
  const name = keyName(row, words);
  if (row.standing === 'revoked' || row.secrets.length === 0) {
    return (
      <>
        <Table.Td visibleFrom={from}>–</Table.Td>
        <Table.Td visibleFrom={from}>–</Table.Td>
      </>
    );
  }
  if (secret === null) {
    const show = async () => {
      const shown = await reveal.run();
      if (shown?.secret) setSecret(shown.secret);
    };
    return (
      <>
        <Table.Td visibleFrom={from}>
          <Button
            size="compact-xs"
            variant="default"
            loading={reveal.busy}
            onClick={show}
            leftSection={<Eye size={13} aria-hidden />}
            aria-label={`Reveal ${name}`}
          >
            Reveal
          </Button>
          {reveal.refused && (
            <Text fz="xs" c="red" role="alert">
              {reveal.refused.message}
            </Text>
          )}
        </Table.Td>
        <Table.Td visibleFrom={from}>
          <Text ff="monospace" fz="sm" className="quiet" aria-hidden>
            {DOTS}
          </Text>
        </Table.Td>
      </>
    );
  }
  const header = authorization(scheme, secret);
  return (
    <>
      <Table.Td visibleFrom={from}>
        <Shown text={secret} what={`key of ${name}`} />
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          onClick={() => setSecret(null)}
          leftSection={<EyeOff size={13} aria-hidden />}
        >
          Hide
        </Button>
      </Table.Td>
      <Table.Td visibleFrom={from}>
        <Shown text={header} what={`authorization header of ${name}`} />
      </Table.Td>
    </>
  );
}

function Shown({ text, what }: { text: string; what: string }) {
  return (
    <Group gap={2} wrap="nowrap">
      <Text ff="monospace" fz={12} style={{ overflowWrap: 'anywhere' }} maw={220} data-secret>
        {text}
      </Text>
      <CopyIcon text={text} what={what} />
    </Group>
  );
}
