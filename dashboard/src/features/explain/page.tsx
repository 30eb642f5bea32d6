import { Alert, Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { type FormEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { TEXT_MAX } from '../../lib/curl';
import { afterDrawing, focusFault } from '../../lib/focus';
import { useView } from '../../session/view';
import { Failure, Page, Section, Waiting } from '../../ui/page';
import { read, told } from './ask';
import { Recorded, Verdict } from './verdict';

type Answer =
  | { kind: 'request'; read: string; verdict: Wire['ExplainedRequest'] }
  | { kind: 'recorded'; recorded: Wire['ExplainedRecord'] };

/**
 * Why is a request refused? Each check in words. What was pasted holds a secret: it is sent in a body, and gone from the
 * page as soon as it was answered.
 */
export function ExplainPage() {
  const view = useView();
  const search = useSearch({ strict: false }) as { request?: unknown };
  const begin = search.request === undefined ? '' : String(search.request);
  const [text, setText] = useState(begin);
  const [address, setAddress] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const shown = useDeferredValue(text);
  const hints = useMemo(() => {
    const asked = read(shown);
    return asked.kind === 'request' ? asked.hints : [];
  }, [shown]);
  const explain = useAction(async (): Promise<Answer | null> => {
    const asked = read(text);
    if (asked.kind === 'fault') {
      setFault(asked.fault);
      return null;
    }
    if (asked.kind === 'id') {
      const body = { request_id: asked.id };
      return { kind: 'recorded', recorded: await answered(view.client.POST('/v1/explain/recorded', { body })) };
    }
    const { url, method, headers, body } = asked.request;
    const client_ip = address.trim() || undefined;
    const sent = { api: view.scope?.api.name, url, method, headers, body: body ?? undefined, client_ip };
    const verdict = await answered(view.client.POST('/v1/explain', { body: sent }));
    return { kind: 'request', read: told(asked.request), verdict };
  });
  const run = async (form: Element | null) => {
    setFault(null);
    setAnswer(null);
    const found = await explain.run();
    if (!found) return afterDrawing(() => focusFault(form));
    setText('');
    setAnswer(found);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(event.currentTarget as Element);
  };
  // Whoever comes from a row of the log has asked already.
  const begun = useRef(false);
  useEffect(() => {
    if (begin === '' || begun.current) return;
    begun.current = true;
    void run(null);
  });
  return (
    <Page
      title={view.scope ? 'Explain a request' : 'Explain any request'}
      crumbs={[{ title: view.section('Safety') }]}
      lead="Which check lets a request in or refuses it. Nothing is sent to the API, and nothing counts against a limit."
    >
      <Section title="Request">
        <form onSubmit={submit}>
          <Stack>
            {explain.refused && <Failure error={explain.refused} shown={['/client_ip']} />}
            <Textarea
              label="A curl command, or a request id"
              description="With its secret: it is neither kept nor logged, and gone from here once it was looked at."
              placeholder="curl 'https://…' -H 'Authorization: …'"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              error={fault}
              autosize
              minRows={4}
              maxRows={16}
              maxLength={TEXT_MAX}
              autoComplete="off"
              autoCorrect="off"
              spellCheck={false}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
              required
            />
            {hints.map((hint) => (
              <Text key={hint} fz="sm" c="var(--warn)">
                {hint}
              </Text>
            ))}
            <TextInput
              label="Address it comes from"
              description="Only for keys that are bound to addresses."
              placeholder="203.0.113.7"
              value={address}
              onChange={(event) => setAddress(event.currentTarget.value)}
              error={explain.refused?.at('/client_ip')}
              maw={360}
            />
            <Group>
              <Button type="submit" loading={explain.busy}>
                Explain
              </Button>
            </Group>
          </Stack>
        </form>
      </Section>
      <div role="status">
        {explain.busy && <Waiting />}
        {answer?.kind === 'request' && (
          <Stack gap="lg">
            <Alert color="gray" p="sm">
              Read as {answer.read}. What was pasted is forgotten.
            </Alert>
            <Verdict verdict={answer.verdict} />
          </Stack>
        )}
        {answer?.kind === 'recorded' && <Recorded recorded={answer.recorded} />}
      </div>
    </Page>
  );
}
