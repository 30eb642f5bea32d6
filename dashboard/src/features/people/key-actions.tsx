import { Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { type Choice, fault, toExpires } from '../../lib/expiry';
import { capital, indefinite, word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { type Deed, EndKey } from '../../shared/end-key';
import { ExpiryField } from '../../shared/expiry-field';
import { Modal } from '../../ui/modal';
import { Failure } from '../../ui/page';

type Asked = 'grant' | 'reset' | Deed;

/** What an admin does with the personal key of the person who is selected: grant, reset, revoke. */
export function KeyActions({
  person,
  current,
  rules,
}: {
  person: Wire['Person'] | undefined;
  current: Wire['Key'] | undefined;
  rules: Wire['KindRules'];
}) {
  const { words } = useScope();
  const [deed, setDeed] = useState<Asked | null>(null);
  const noun = word(words, 'personal_key');
  return (
    <Group gap="xs" role="toolbar" aria-label={capital(noun)}>
      <Text fz="sm" className="quiet" aria-live="polite">
        {person ? `${capital(noun)} of ${person.name}:` : `Select somebody to grant, reset or revoke their ${noun}.`}
      </Text>
      {person && (
        <>
          <Button
            size="xs"
            disabled={current !== undefined || person.state === 'suspended'}
            onClick={() => setDeed('grant')}
          >
            {word(words, 'grant')}
          </Button>
          <Button size="xs" variant="default" disabled={!current} onClick={() => setDeed('reset')}>
            {word(words, 'reset')}
          </Button>
          <Button size="xs" variant="default" disabled={!current} onClick={() => setDeed('revoke')}>
            {word(words, 'revoke')}
          </Button>
        </>
      )}
      {person && (deed === 'grant' || deed === 'reset') && (
        <Give person={person} current={current} rules={rules} deed={deed} onClose={() => setDeed(null)} />
      )}
      {person && current && deed !== null && deed !== 'grant' && deed !== 'reset' && (
        <EndKey target={current} deed={deed} onChange={setDeed} onClose={() => setDeed(null)} />
      )}
    </Group>
  );
}

function Give({
  person,
  current,
  rules,
  deed,
  onClose,
}: {
  person: Wire['Person'];
  current: Wire['Key'] | undefined;
  rules: Wire['KindRules'];
  deed: 'grant' | 'reset';
  onClose: () => void;
}) {
  const scope = useScope();
  const { words } = scope;
  const noun = word(words, 'personal_key');
  const [expiry, setExpiry] = useState<Choice>({ mode: 'unsaid' });
  const [tried, setTried] = useState(false);
  const needsSpan = deed === 'grant' ? rules.expiry.required : current?.standing === 'expired';
  const problem = fault(expiry, rules.expiry, needsSpan);
  const give = useAction(async () => {
    const expires = toExpires(expiry);
    if (deed === 'grant') {
      const body = { account_id: scope.id, kind: 'personal' as const, person_id: person.id, expires };
      return answered(scope.client.POST('/v1/keys', { body }));
    }
    const params = { path: { key_id: current?.id ?? '' } };
    return answered(scope.client.POST('/v1/keys/{key_id}/reset', { params, body: { expires } }));
  });
  const submit = async () => {
    setTried(true);
    if (problem) return;
    if ((await give.run()) === undefined) return;
    const message =
      deed === 'grant'
        ? `${person.name} has ${indefinite(noun)} now, and sees it on their own page.`
        : `${person.name} has a fresh ${noun}; the old one is refused.`;
    notifications.show({ message, color: 'teal' });
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={`${word(words, deed)}: ${person.name}`}>
      <Stack>
        {give.refused && <Failure error={give.refused} shown={['/expires']} />}
        <Text fz="sm">
          {deed === 'grant'
            ? `${person.name} sees it on their own page, as often as needed. Nobody else ever does.`
            : `The old one is refused from the next request on. ${person.name} sees the fresh one on their own page.`}
          {person.email === null && ' They never sign in: a management key makes and passes on keys for such holders.'}
        </Text>
        <ExpiryField
          label={deed === 'grant' ? 'Good for' : 'Good for (left out: its end stays)'}
          rules={rules.expiry}
          value={expiry}
          onChange={setExpiry}
          error={give.refused?.at('/expires') ?? (tried ? problem : null)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={give.busy} onClick={submit}>
            {word(words, deed)}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
