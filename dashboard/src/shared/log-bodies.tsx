import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answered, type Wire } from '../api/client';
import { useView } from '../session/view';
import { Failure } from '../ui/page';
import { Code } from '../ui/secret';

/** What was kept of a request's bodies, where its route keeps any. They are forgotten with the dialog. */
export function Bodies({ id }: { id: string }) {
  const { client } = useView();
  const bodies = useQuery({
    queryKey: ['log-bodies', id],
    gcTime: 0,
    queryFn: () => answered(client.GET('/v1/logs/bodies', { params: { query: { request_id: id } } })),
  });
  if (bodies.isError) return <Failure error={bodies.error} again={() => bodies.refetch()} />;
  if (!bodies.data) return null;
  return (
    <>
      {bodies.data.request && <Body title="What was sent" body={bodies.data.request} />}
      {bodies.data.answer && <Body title="What was answered" body={bodies.data.answer} />}
    </>
  );
}

function Body({ title, body }: { title: string; body: Wire['LogBody'] }) {
  return (
    <Stack gap={4}>
      <Text fz="sm" fw={600}>
        {title}
      </Text>
      {body.text !== '' && <Code code={body.text} what={title.toLowerCase()} />}
      {body.cut && (
        <Text fz={12} className="quiet">
          There was more of it, or something that is no text.
        </Text>
      )}
    </Stack>
  );
}
