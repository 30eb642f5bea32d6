import {
  ActionIcon,
  Box,
  Drawer,
  Group,
  Menu,
  Stack,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useRouterState } from '@tanstack/react-router';
import { BookOpen, Check, ChevronsUpDown, LogOut, MenuIcon, Monitor, Moon, Sun, UserRound } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { answered, ownClient } from '../api/client';
import { zone } from '../lib/time';
import { joined, useMe } from '../session/me';
import type { Scope } from '../session/scope';
import { useNow } from '../ui/use-now';
import { accountMenu, deploymentMenu, type MenuSection } from './menu';
import classes from './shell.module.css';

/** Paths that only lead on: coming from one of them is not going to another page. */
const REDIRECTS = /^\/(a\/[^/]+\/?)?$/;

/** What surrounds every page of somebody who is signed in: where they are, where else they can go, who they are. */
export function Shell({ scope, children }: { scope: Scope | null; children: ReactNode }) {
  const [open, drawer] = useDisclosure(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const main = useRef<HTMLElement>(null);
  const last = useRef(path);

  // A new page: the menu is done with, and screen readers begin at what is new.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new path matters
  useEffect(() => {
    const wasPage = !REDIRECTS.test(last.current);
    if (last.current === path) return;
    last.current = path;
    if (!wasPage) return;
    drawer.close();
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);

  return (
    <>
      <a className="skip" href="#main">
        Skip to main content
      </a>
      <div className={classes.frame}>
        <aside className={classes.side}>
          <Side scope={scope} />
        </aside>
        <header className={classes.top}>
          <ActionIcon variant="subtle" color="gray" size="lg" onClick={drawer.open} aria-label="Open the menu">
            <MenuIcon size={20} aria-hidden />
          </ActionIcon>
          <Brand />
        </header>
        <Drawer
          opened={open}
          onClose={drawer.close}
          size={280}
          title="Menu"
          closeButtonProps={{ 'aria-label': 'Close' }}
          styles={{ content: { display: 'flex', flexDirection: 'column' }, body: { flex: 1, minHeight: 0 } }}
        >
          <Side scope={scope} />
        </Drawer>
        <main id="main" ref={main} tabIndex={-1} className={classes.main}>
          {children}
          <Zone />
        </main>
      </div>
    </>
  );
}

/** Times are told as the viewer's clock has them: which clock that is. */
function Zone() {
  const now = useNow();
  return (
    <Text component="p" fz={12} className={`quiet ${classes.zone}`}>
      Times are of {zone(now)}
    </Text>
  );
}

function Brand() {
  return (
    <Link to="/" className={classes.brand}>
      <img src="/icon.svg" alt="" width={22} height={22} />
      Keyward
    </Link>
  );
}

function Side({ scope }: { scope: Scope | null }) {
  const me = useMe();
  const sections: MenuSection[] = [...(scope ? accountMenu(scope) : []), ...deploymentMenu(me)];
  return (
    <Stack gap="md" h="100%">
      <Box visibleFrom="md" px={10} pt={4}>
        <Brand />
      </Box>
      <AccountSwitcher scope={scope} />
      <nav aria-label="Main" className={classes.nav}>
        {sections.map((section) => (
          <div key={section.title}>
            <Text component="h2" fz={12} fw={600} className="quiet" px={10} pb={4} m={0}>
              {section.title}
            </Text>
            <ul className={classes.items}>
              {section.items.map((item) => (
                <li key={item.to}>
                  <Link to={item.to} className="nav-link">
                    <item.icon size={16} aria-hidden />
                    {item.title}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <UserMenu />
    </Stack>
  );
}

function AccountSwitcher({ scope }: { scope: Scope | null }) {
  const me = useMe();
  const accounts = joined(me);
  if (accounts.length === 0 && !scope) return null;
  const title = scope?.account.name ?? 'Choose an account';
  const face = (
    <Group gap="xs" wrap="nowrap" justify="space-between">
      <Stack gap={0} miw={0}>
        <Text fz="sm" fw={600} truncate>
          {title}
        </Text>
        {scope && (
          <Text fz={12} className="quiet" truncate>
            {scope.api.name}
            {scope.isMember ? '' : ' · as operator'}
          </Text>
        )}
      </Stack>
      {accounts.length > 0 && <ChevronsUpDown size={15} aria-hidden />}
    </Group>
  );
  if (accounts.length === 0) return <div className={classes.account}>{face}</div>;
  return (
    <Menu width="target" position="bottom-start">
      <Menu.Target>
        <UnstyledButton className={classes.account}>
          <span className="sr-only">Choose another account than </span>
          {face}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Accounts</Menu.Label>
        {accounts.map((account) => (
          <Menu.Item
            key={account.account_id}
            component={Link}
            to={`/a/${account.account_id}`}
            rightSection={account.account_id === scope?.id ? <Check size={14} aria-label="chosen" /> : undefined}
          >
            {account.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function UserMenu() {
  const me = useMe();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const signOut = async () => {
    await answered(ownClient.DELETE('/v1/session')).catch(() => undefined);
    queries.clear();
    await navigate({ to: '/sign-in' });
  };
  const schemes = [
    ['light', 'Light', Sun],
    ['dark', 'Dark', Moon],
    ['auto', 'As the system', Monitor],
  ] as const;
  return (
    <Menu width={220} position="top-start">
      <Menu.Target>
        <UnstyledButton className={classes.account}>
          <span className="sr-only">Settings and signing out: </span>
          <Group gap="xs" wrap="nowrap" justify="space-between">
            <Stack gap={0} miw={0}>
              <Text fz="sm" fw={500} truncate>
                {me.name}
              </Text>
              <Text fz={12} className="quiet" truncate>
                {me.email ?? (me.operator ? 'Operator' : '')}
              </Text>
            </Stack>
            <ChevronsUpDown size={15} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to="/me" leftSection={<UserRound size={15} aria-hidden />}>
          Your settings
        </Menu.Item>
        <Menu.Item component="a" href="/docs" leftSection={<BookOpen size={15} aria-hidden />}>
          API reference
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Appearance</Menu.Label>
        {schemes.map(([scheme, title, Icon]) => (
          <Menu.Item
            key={scheme}
            closeMenuOnClick={false}
            leftSection={<Icon size={15} aria-hidden />}
            rightSection={colorScheme === scheme ? <Check size={14} aria-label="chosen" /> : undefined}
            onClick={() => setColorScheme(scheme)}
          >
            {title}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={15} aria-hidden />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
