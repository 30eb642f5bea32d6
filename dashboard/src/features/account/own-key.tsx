import { Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Eye, EyeOff } from 'lucide-react';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { capital, indefinite, word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { lastUsed, rulesOf } from '../../shared/key-facts';
import { Failure, Section, Waiting } from '../../ui/page';
import { Facts, Standing, When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';

/** The personal key of whoever looks: they alone read it again, as often as they like. */
export function OwnKey() {
  const scope = useScope();
  const noun = word(scope.words, 'personal_key');
  const keys = useQuery({
    queryKey: ['own-keys', scope.id],
    queryFn: () => answered(scope.client.GET('/v1/me/keys')),
  });
  const own = keys.data?.items.filter((key) => key.account_id === scope.id && key.standing !== 'revoked') ?? [];
  return (
    <Section title={`Your ${noun}`} lead={`It is yours alone: what is done with it is done in your name.`}>
      {keys.isPending && <Waiting />}
      {keys.isError && <Failure error={keys.error} again={() => keys.refetch()} />}
      {keys.isSuccess && own.length === 0 && (
        <Text fz="sm">
          You have none. An admin grants {indefinite(noun)} on the page “{word(scope.words, 'people_page')}”.
        </Text>
      )}
      {own.map((key) => (
        <Shown key={key.id} row={key} />
      ))}
    </Section>
  );
}

function Shown({ row }: { row: Wire['Key'] }) {
  const scope = useScope();
  const [secret, setSecret] = useState<string | null>(null);
  const reveal = useAction(() =>
    answered(scope.client.POST('/v1/keys/{key_id}/reveal', { params: { path: { key_id: row.id } } })),
  );
  const isReadable = rulesOf(scope.api, 'personal')?.visibility !== 'once';
  const noun = word(scope.words, 'personal_key');
  return (
    <Stack gap="sm">
      <Facts
        items={[
          ['Status', <Standing key="status" standing={row.standing} words={scope.words} />],
          ['Ends with', row.secrets[0]?.hint ?? '–'],
          ['Expires', <When key="expires" at={row.expires_at} />],
          ['Last used', <When key="used" at={lastUsed(row)} form="relative" />],
        ]}
      />
      {reveal.refused && <Failure error={reveal.refused} />}
      {secret !== null && <SecretBox secret={secret} label={capital(noun)} />}
      {isReadable && (
        <Group>
          {secret === null ? (
            <Button
              variant="default"
              leftSection={<Eye size={15} aria-hidden />}
              loading={reveal.busy}
              onClick={async () => {
                const shown = await reveal.run();
                if (shown?.secret) setSecret(shown.secret);
              }}
            >
              Reveal
            </Button>
          ) : (
            <Button variant="default" leftSection={<EyeOff size={15} aria-hidden />} onClick={() => setSecret(null)}>
              Hide
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}
