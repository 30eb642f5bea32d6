import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Hourglass, Link2 } from 'lucide-react';
import { answered, type Wire } from '../api/client';
import { baseUrl, snippets } from '../lib/snippets';
import { capital, word } from '../lib/words';
import { type Scope, useScope } from '../session/scope';
import { When } from '../ui/parts';
import { HowToUse, SecretBox } from '../ui/secret';

/** The hosts of the account's region, where the API has regions. */
export function useRegionHosts(): string[] {
  const scope = useScope();
  const region = scope.account.region;
  const regions = useQuery({
    queryKey: ['regions', scope.id],
    enabled: region != null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => answered(scope.client.GET('/v1/regions')),
  });
  const own = regions.data?.items.find((api) => api.api === scope.api.name);
  return own?.regions.find((one) => one.name === region)?.hosts ?? [];
}

export function useSnippets() {
  const scope = useScope();
  const hosts = useRegionHosts();
  const scheme = scope.api.schemes[0];
  if (!scheme) return [];
  return snippets({
    url: baseUrl(scope.api, hosts) + scope.api.example,
    scheme,
    publicId: scope.account.public_id,
    variable: word(scope.words, 'env_variable'),
  });
}

/** What a key that was just made, rotated or collected hands over: a secret, a link to send, or a wait. */
export function SecretShown({ made, onDone }: { made: Wire['KeyWithSecret']; onDone: () => void }) {
  const scope = useScope();
  const examples = useSnippets();
  const noun = word(scope.words, made.kind === 'personal' ? 'personal_key' : 'key');
  return (
    <Stack>
      {made.secret && (
        <>
          <SecretBox secret={made.secret} label={word(scope.words, 'secret')} notice={notice(scope, made)} />
          <HowToUse variable={word(scope.words, 'env_variable')} secret={made.secret} snippets={examples} />
          {scope.api.require_https && (
            <Text fz="sm" className="quiet">
              Send it over HTTPS only: over plain HTTP it is refused, and counts as exposed.
            </Text>
          )}
        </>
      )}
      {made.pickup && (
        <>
          <SecretBox secret={made.pickup.link} label="Link to send" />
          <Alert color="blue" icon={<Link2 size={18} aria-hidden />} p="sm">
            Whoever opens this link sees the secret, once. It works until <When at={made.pickup.expires_at} />
            {made.pickup.recipient ? ` and is meant for ${made.pickup.recipient}` : ''}. It is shown here this once; the
            key’s page makes another one.
          </Alert>
        </>
      )}
      {made.standing === 'pending' && (
        <Alert color="blue" icon={<Hourglass size={18} aria-hidden />} p="sm">
          {capital(noun)} “{made.name}” waits for a second admin: it asks for a scope that needs approval. Once it is
          approved, collect its secret on its page.
        </Alert>
      )}
      {!made.secret && !made.pickup && made.standing !== 'pending' && (
        <Alert color="blue" p="sm">
          Only its holder sees this secret, on their own page.
        </Alert>
      )}
      <Group justify="flex-end">
        <Button onClick={onDone}>{word(scope.words, 'done')}</Button>
      </Group>
    </Stack>
  );
}

function notice(scope: Scope, key: Wire['Key']): string {
  const rules = scope.api.kinds.find((one) => one.kind === key.kind);
  if (rules?.visibility === 'once') return word(scope.words, 'save_notice');
  return 'Keep it out of code, tickets and chats. Who may see it can see it again; each look is in the audit.';
}
