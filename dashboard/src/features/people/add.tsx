import { Alert, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { indefinite, word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { rulesOf } from '../../shared/key-facts';
import { useRoles } from '../../shared/roles';
import { Modal } from '../../ui/modal';
import { Failure } from '../../ui/page';
import { When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';

/** Invites somebody who signs in, or names somebody who only holds a personal key. */
export function AddPerson({ onClose }: { onClose: () => void }) {
  const scope = useScope();
  const roles = useRoles(scope);
  const personal = rulesOf(scope.api, 'personal') !== undefined;
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<string | null>(null);
  const [added, setAdded] = useState<Wire['PersonAdded'] | null>(null);
  const add = useAction(() =>
    answered(
      scope.client.POST('/v1/accounts/{account_id}/people', {
        params: { path: { account_id: scope.id } },
        body: { name, email: email || undefined, role: email ? (role ?? undefined) : undefined },
      }),
    ),
  );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const done = await add.run();
    if (done) setAdded(done);
  };
  if (added) {
    return (
      <Modal opened onClose={onClose} title={`${added.name} is added`} closeOnClickOutside={false}>
        <Stack>
          {added.invitation && <LinkShown link={added.invitation} />}
          {!added.invitation && <Text fz="sm">They hold keys and never sign in.</Text>}
          <Group justify="flex-end">
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title="Add a person">
      <form onSubmit={submit}>
        <Stack>
          {add.refused && <Failure error={add.refused} shown={['/name', '/email', '/role']} />}
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={add.refused?.at('/name')}
            required
            data-autofocus
          />
          <TextInput
            label="E-mail"
            description={
              personal && `Left empty: they hold ${indefinite(word(scope.words, 'personal_key'))} and never sign in.`
            }
            type="email"
            required={!personal}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            error={add.refused?.at('/email')}
          />
          <Select
            label="Role"
            placeholder="The one that permits least"
            data={roles.map((one) => ({ value: one.name, label: one.title }))}
            value={role}
            onChange={setRole}
            disabled={!email}
            description={roles.find((one) => one.name === role)?.description}
            error={add.refused?.at('/role')}
            clearable
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.busy}>
              Add
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** A link that works once: here, or on its way by mail. */
export function LinkShown({ link }: { link: Wire['OneTimeLink'] }) {
  if (!link.link) {
    return (
      <Text fz="sm">
        A link went to them by mail. It works once, until <When at={link.expires_at} />.
      </Text>
    );
  }
  return (
    <>
      <SecretBox secret={link.link} label="Link to hand over" />
      <Alert color="blue" p="sm">
        It works once, until <When at={link.expires_at} />. Give it to this person and to nobody else; it is shown here
        this once.
      </Alert>
    </>
  );
}
