import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered } from '../api/client';
import { useView } from '../session/view';
import { Exact } from '../ui/parts';

/** A key by its name, leading to its page, and its id to copy; the id alone for whoever may not read keys. */
export function KeyNamed({ id, account }: { id: string; account: string | null | undefined }) {
  const { client, scope } = useView();
  const key = useQuery({
    queryKey: ['key-named', id],
    enabled: scope === null || scope.may('keys.read') || scope.may('people.read'),
    retry: false,
    queryFn: () => answered(client.GET('/v1/keys/{key_id}', { params: { path: { key_id: id } } })),
  }).data;
  const name = key?.name ?? key?.secrets[0]?.hint;
  return (
    <Stack gap={2}>
      {name && account && (
        <Link to={`/a/${account}/keys/${id}`} className="row-link">
          {name}
        </Link>
      )}
      <Exact text={id} what="key id" />
    </Stack>
  );
}
