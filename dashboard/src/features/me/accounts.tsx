import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useMe } from '../../session/me';
import { Modal } from '../../ui/modal';
import { Failure, Section } from '../../ui/page';
import { Tag } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';

/** The accounts that a person belongs to, and leaving one. */
export function Accounts() {
  const me = useMe();
  const [left, setLeft] = useState<Wire['OwnAccount'] | null>(null);
  if (me.accounts.length === 0) return null;
  return (
    <Section title="Your accounts">
      <Stacked heads={['Account', 'Role', { title: 'Actions', isHidden: true }]}>
        {me.accounts.map((account) => (
          <Table.Tr key={account.account_id}>
            <Table.Td>
              {account.state === 'active' ? (
                <Link to={`/a/${account.account_id}`} className="row-link">
                  {account.name}
                </Link>
              ) : (
                account.name
              )}
            </Table.Td>
            <Table.Td>
              <Group gap={6}>
                {account.role}
                {account.state === 'invited' && <Tag color="blue">invited: open the link that was sent</Tag>}
                {account.state === 'suspended' && <Tag color="red">suspended</Tag>}
              </Group>
            </Table.Td>
            <Table.Td ta="right">
              <Button size="compact-xs" variant="subtle" color="red" onClick={() => setLeft(account)}>
                Leave
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </Stacked>
      {left && <Leave account={left} onClose={() => setLeft(null)} />}
    </Section>
  );
}

function Leave({ account, onClose }: { account: Wire['OwnAccount']; onClose: () => void }) {
  const leave = useAction(() =>
    answered(
      ownClient.DELETE('/v1/me/accounts/{account_id}', { params: { path: { account_id: account.account_id } } }),
    ),
  );
  return (
    <Modal opened onClose={onClose} title={`Leave ${account.name}?`}>
      <Stack>
        {leave.refused && <Failure error={leave.refused} />}
        <Text fz="sm">
          You see nothing of it any more, and your personal key there is revoked. An admin can invite you again.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            color="red"
            loading={leave.busy}
            onClick={async () => {
              if ((await leave.run()) !== undefined) onClose();
            }}
          >
            Leave account
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
