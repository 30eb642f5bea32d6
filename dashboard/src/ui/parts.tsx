import { ActionIcon, Badge, Button, CopyButton, Group, Text, Tooltip } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Wire } from '../api/client';
import { day, exact, minute, relative, utc } from '../lib/time';
import { type Words, word } from '../lib/words';
import { useNow } from './use-now';

const FORMS = { exact, minute, day };

/** A time in the viewer's zone; UTC on hover and for screen readers of the title. */
export function When({
  at,
  form = 'minute',
  none = 'never',
}: {
  at: string | null | undefined;
  form?: 'exact' | 'minute' | 'day' | 'relative';
  none?: string;
}) {
  const now = useNow();
  if (!at) return <span className="quiet">{none}</span>;
  const text = form === 'relative' ? relative(at, now) : FORMS[form](at);
  return (
    <time dateTime={at} title={`${minute(at)} (${utc(at)})`} style={{ whiteSpace: 'nowrap' }}>
      {text}
    </time>
  );
}

const COLORS: Record<Wire['Standing'], string> = {
  active: 'teal',
  expiring_soon: 'orange',
  expired: 'red',
  disabled: 'gray',
  revoked: 'red',
  pending: 'blue',
  awaiting_pickup: 'blue',
};

/** How a key stands, in the preset's words. */
export function Standing({ standing, words }: { standing: Wire['Standing']; words: Words }) {
  const color = COLORS[standing];
  return (
    <Badge
      variant="light"
      color={color}
      tt="none"
      fw={600}
      c={`var(--badge-${color})`}
      className="badge"
      miw="max-content"
    >
      {word(words, standing)}
    </Badge>
  );
}

export function Tag({ color = 'gray', children }: { color?: string; children: ReactNode }) {
  return (
    <Badge
      variant="light"
      color={color}
      tt="none"
      fw={500}
      c={`var(--badge-${color})`}
      className="badge"
      miw="max-content"
    >
      {children}
    </Badge>
  );
}

/** Copies a text; says so to screen readers too. */
export function CopyIcon({ text, what }: { text: string; what: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : `Copy ${what}`}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={`Copy ${what}`}>
            {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
            <span aria-live="polite" className="sr-only">
              {copied ? 'Copied' : ''}
            </span>
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

export function CopyText({ text, label }: { text: string; label: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          size="xs"
          onClick={copy}
          leftSection={copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
        >
          <span aria-live="polite">{copied ? 'Copied' : label}</span>
        </Button>
      )}
    </CopyButton>
  );
}

/** An id or another exact text that people copy. */
export function Exact({ text, what }: { text: string; what: string }) {
  return (
    <Group gap={4} wrap="nowrap" align="center">
      <Text ff="monospace" fz="0.85em" style={{ overflowWrap: 'anywhere' }}>
        {text}
      </Text>
      <CopyIcon text={text} what={what} />
    </Group>
  );
}

/** Pairs of a word and what it is. */
export function Facts({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {items.map(([name, value]) => (
        <FactRow key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function FactRow({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
