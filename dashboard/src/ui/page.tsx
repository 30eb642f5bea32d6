import { Alert, Anchor, Breadcrumbs, Button, Center, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { AlertTriangle } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { asRefused } from '../api/problem';

interface Crumb {
  title: string;
  to?: string;
}

/** A page's frame: its place, its name, what can be done, what it says. */
export function Page({
  title,
  crumbs = [],
  lead,
  aside,
  actions,
  children,
}: {
  title: string;
  crumbs?: Crumb[];
  lead?: ReactNode;
  aside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Keyward`;
  }, [title]);
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        {crumbs.length > 0 && (
          <nav aria-label="Breadcrumb">
            <Breadcrumbs separatorMargin={6} fz="sm">
              {crumbs.map((crumb) =>
                crumb.to ? (
                  <Anchor key={crumb.title} component={Link} to={crumb.to} fz="sm" className="quiet">
                    {crumb.title}
                  </Anchor>
                ) : (
                  <Text key={crumb.title} fz="sm" className="quiet">
                    {crumb.title}
                  </Text>
                ),
              )}
            </Breadcrumbs>
          </nav>
        )}
        <Group justify="space-between" align="flex-start" gap="md">
          <Stack gap={4} flex="1 1 18rem" miw={0}>
            <Group gap="sm" align="center">
              <Title order={1} fz={26} lh={1.25} style={{ overflowWrap: 'anywhere' }}>
                {title}
              </Title>
              {aside}
            </Group>
            {lead && (
              <Text className="quiet" maw="44rem">
                {lead}
              </Text>
            )}
          </Stack>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      </Stack>
      {children}
    </Stack>
  );
}

/** A part of a page with a heading of its own. */
export function Section({
  title,
  lead,
  actions,
  children,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="card" aria-label={title}>
      <Stack gap="md" p={{ base: 'md', sm: 'lg' }}>
        <Group justify="space-between" align="flex-start" gap="sm">
          <Stack gap={2} flex="1 1 14rem" miw={0}>
            <Title order={2} fz="md">
              {title}
            </Title>
            {lead && (
              <Text fz="sm" className="quiet" maw="44rem">
                {lead}
              </Text>
            )}
          </Stack>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
        {children}
      </Stack>
    </section>
  );
}

/** Nothing there yet, and what to do next. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={40} px="md">
      <Text fw={600}>{title}</Text>
      {children && (
        <Text fz="sm" ta="center" maw="32rem" className="quiet">
          {children}
        </Text>
      )}
      {action && <Group mt="xs">{action}</Group>}
    </Stack>
  );
}

export function Waiting() {
  return (
    <Center py={60}>
      <Loader size="sm" aria-label="Loading" />
    </Center>
  );
}

/** What went wrong, and a way to try again. */
export function Failure({ error, again, shown }: { error: unknown; again?: () => void; shown?: readonly string[] }) {
  const refused = asRefused(error);
  const shownAt = useRef<HTMLDivElement>(null);
  // What was just tried is told above the form, which may be out of sight; a list that can't be read is no reason to move.
  useEffect(() => {
    if (error && !again) shownAt.current?.scrollIntoView({ block: 'nearest' });
  }, [error, again]);
  return (
    <Alert
      ref={shownAt}
      color="red"
      icon={<AlertTriangle size={18} aria-hidden />}
      title={headline(refused.status)}
      role="alert"
    >
      <Stack gap="xs" align="flex-start">
        <Text fz="sm">{refused.text(shown)}</Text>
        {again && (
          <Button size="xs" variant="default" onClick={again}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function headline(status: number): string {
  if (status === 403) return 'You may not do this';
  if (status === 404) return 'Not found';
  if (status === 409) return 'That can’t be done as things stand';
  if (status === 412) return 'Somebody else was quicker';
  if (status === 429) return 'Too many attempts';
  if (status === 0 || status >= 500) return 'That did not work';
  return 'Please check';
}

/** A button that reads further back in a list, while there is more. */
export function Older({
  query,
  children,
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  children: string;
}) {
  if (!query.hasNextPage) return null;
  return (
    <Group justify="center">
      <Button variant="default" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
        {children}
      </Button>
    </Group>
  );
}
