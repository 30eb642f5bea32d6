import { Alert, Anchor, Button, PasswordInput, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useScope } from '../../session/scope';
import { keyName } from '../../shared/key-facts';
import { Failure, Page, Section } from '../../ui/page';
import { Standing, When } from '../../ui/parts';

/** Whose is this secret? It is sent in a body, never in an address, and forgotten as soon as it was answered. */
export function FindKey() {
  const scope = useScope();
  const [secret, setSecret] = useState('');
  const [found, setFound] = useState<Wire['Found'] | null>(null);
  const find = useAction(() => answered(scope.client.POST('/v1/keys/find', { body: { secret: secret.trim() } })));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFound(null);
    const answer = await find.run();
    if (!answer) return;
    setSecret('');
    setFound(answer);
  };
  return (
    <Page
      title="Find by secret"
      crumbs={[{ title: 'Safety' }]}
      lead="You found a key somewhere it should not be? See whose it is, and withdraw it."
    >
      <Section title="Secret">
        <form onSubmit={submit}>
          <Stack maw={560}>
            {find.refused && <Failure error={find.refused} />}
            <PasswordInput
              label="The whole secret"
              description="It is only compared: neither kept nor logged."
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="off"
              required
            />
            <Button type="submit" loading={find.busy} style={{ alignSelf: 'flex-start' }}>
              Find
            </Button>
          </Stack>
        </form>
        <div role="status">{found && <Answer found={found} />}</div>
      </Section>
    </Page>
  );
}

function Answer({ found }: { found: Wire['Found'] }) {
  const scope = useScope();
  if (found.outcome === 'key') {
    const { key } = found;
    return (
      <Alert color="teal" title="Found">
        <Stack gap="xs" align="flex-start">
          <Text fz="sm">
            It is <b>{keyName(key, scope.words)}</b> <Standing standing={key.standing} words={scope.words} />.
          </Text>
          <Anchor component={Link} to={`/a/${key.account_id}/keys/${key.id}`} fz="sm">
            Look at it, rotate or revoke it
          </Anchor>
        </Stack>
      </Alert>
    );
  }
  if (found.outcome === 'gone') {
    return (
      <Alert color="blue" title="It works no more">
        <Text fz="sm">
          It belonged to {found.name ? `“${found.name}”` : found.key_id} and was{' '}
          {found.reason === 'replaced' ? 'replaced by a newer one' : 'deleted'} <When at={found.at} />.
        </Text>
      </Alert>
    );
  }
  return (
    <Alert color="gray" title="Not found">
      No key of this account, in force or ended lately, has this secret.
    </Alert>
  );
}
