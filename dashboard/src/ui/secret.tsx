import { Alert, CopyButton, Group, Stack, Tabs, Text } from '@mantine/core';
import { Check, Copy, ShieldAlert } from 'lucide-react';
import { envLine, type Snippet } from '../lib/snippets';
import { CopyIcon } from './parts';

/** A secret in clear; clicking it copies it. Whoever shows one takes it away again. */
export function SecretBox({ secret, label, notice }: { secret: string; label: string; notice?: string }) {
  return (
    <Stack gap="xs">
      <Text fz="sm" fw={600}>
        {label}
      </Text>
      <CopyButton value={secret}>
        {({ copied, copy }) => (
          <button type="button" className="secret" onClick={copy}>
            <span className="sr-only">Copy {label}: </span>
            <Group justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
              <span data-secret>{secret}</span>
              {copied ? <Check size={18} aria-hidden /> : <Copy size={18} aria-hidden />}
            </Group>
            <Text component="span" fz={12} className="quiet" aria-live="polite" ff="text">
              {copied ? 'Copied' : 'Click to copy'}
            </Text>
          </button>
        )}
      </CopyButton>
      {notice && (
        <Alert color="orange" icon={<ShieldAlert size={18} aria-hidden />} p="sm">
          {notice}
        </Alert>
      )}
    </Stack>
  );
}

export function Code({ code, what }: { code: string; what: string }) {
  return (
    <div style={{ position: 'relative' }}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: whoever scrolls by keyboard must reach it */}
      {/* biome-ignore lint/a11y/useSemanticElements: a section would not keep white space */}
      <pre className="code" tabIndex={0} role="region" aria-label={what}>
        {code}
      </pre>
      <div className="code-copy">
        <CopyIcon text={code} what={what} />
      </div>
    </div>
  );
}

/** Where to put a secret and how to use it, in the languages people write. */
export function HowToUse({ variable, secret, snippets }: { variable: string; secret?: string; snippets: Snippet[] }) {
  return (
    <Stack gap="sm">
      {secret !== undefined && (
        <>
          <Text fz="sm">
            Keep it in an environment variable or a key manager, never in code, in a browser or in an app. A line for
            your <code>.env</code>, which stays out of git:
          </Text>
          <Code code={envLine(variable, secret)} what="line for .env" />
        </>
      )}
      <Text fz="sm" fw={600}>
        Call the API
      </Text>
      <Tabs defaultValue="curl" variant="pills" radius="md">
        <Tabs.List mb="xs">
          {snippets.map((snippet) => (
            <Tabs.Tab key={snippet.language} value={snippet.language} px="sm" py={6}>
              {snippet.title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {snippets.map((snippet) => (
          <Tabs.Panel key={snippet.language} value={snippet.language}>
            <Code code={snippet.code} what={`${snippet.title} example`} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}
