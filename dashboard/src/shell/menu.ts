import {
  Activity,
  Bell,
  Boxes,
  Building2,
  ChartColumn,
  FileClock,
  KeyRound,
  type LucideIcon,
  Mail,
  Radio,
  ScanSearch,
  ScrollText,
  Server,
  ShieldCheck,
  SlidersHorizontal,
  Sparkles,
  Stethoscope,
  Terminal,
  Users,
  Webhook,
} from 'lucide-react';
import { word } from '../lib/words';
import type { Me } from '../session/me';
import type { Scope } from '../session/scope';

export interface MenuItem {
  title: string;
  to: string;
  icon: LucideIcon;
}

export interface MenuSection {
  title: string;
  items: MenuItem[];
}

/** The menu of an account in its preset's words: only pages that the person may see. */
export function accountMenu(scope: Scope): MenuSection[] {
  const { words, may } = scope;
  const base = `/a/${scope.id}`;
  const seesKeys = may('keys.read') || may('people.read');
  const account: MenuItem = { title: word(words, 'account_page'), to: `${base}/account`, icon: SlidersHorizontal };
  const keys: MenuItem[] = seesKeys ? [{ title: word(words, 'keys_page'), to: `${base}/keys`, icon: KeyRound }] : [];
  const people: MenuItem[] = may('people.read')
    ? [{ title: word(words, 'people_page'), to: `${base}/people`, icon: Users }]
    : [];
  const own = word(words, 'section');
  const other = word(words, 'account_section');
  const sections =
    own === other
      ? [{ title: own, items: [account, ...keys, ...people] }]
      : [
          { title: own, items: keys },
          { title: other, items: [account, ...people] },
        ];
  const watch: MenuItem[] = [
    ...(may('usage.read') ? [{ title: 'Usage', to: `${base}/usage`, icon: ChartColumn }] : []),
    ...(may('usage.read') && may('logs.read') ? [{ title: 'Live', to: `${base}/live`, icon: Radio }] : []),
    ...(may('logs.read') ? [{ title: 'Requests', to: `${base}/requests`, icon: ScrollText }] : []),
    ...(seesKeys || may('settings.read') ? [{ title: 'Notices', to: `${base}/notices`, icon: Bell }] : []),
  ];
  const rules: MenuItem[] = [
    ...(may('keys.read') ? [{ title: 'Find by secret', to: `${base}/find`, icon: ScanSearch }] : []),
    ...(may('logs.read') ? [{ title: 'Explain a request', to: `${base}/explain`, icon: Stethoscope }] : []),
    ...(seesKeys ? [{ title: 'Hygiene', to: `${base}/hygiene`, icon: Sparkles }] : []),
    ...(may('settings.read') ? [{ title: 'Policy', to: `${base}/policy`, icon: ShieldCheck }] : []),
    ...(may('audit.read') ? [{ title: 'Audit', to: `${base}/audit`, icon: FileClock }] : []),
  ];
  const automation: MenuItem[] = may('settings.read')
    ? [
        { title: 'Webhooks', to: `${base}/webhooks`, icon: Webhook },
        { title: 'Management keys', to: `${base}/automation`, icon: Terminal },
      ]
    : [];
  const all = [
    ...sections,
    { title: 'Watch', items: watch },
    { title: 'Safety', items: rules },
    { title: 'Automation', items: automation },
  ];
  return all.filter((section) => section.items.length > 0);
}

/** The menu of somebody who runs the deployment. */
export function deploymentMenu(me: Me): MenuSection[] {
  if (!me.operator) return [];
  return [
    {
      title: 'Deployment',
      items: [
        { title: 'Accounts', to: '/deployment/accounts', icon: Building2 },
        { title: 'APIs', to: '/deployment/apis', icon: Boxes },
        { title: 'Operators', to: '/deployment/operators', icon: Server },
        { title: 'All management keys', to: '/deployment/automation', icon: Terminal },
        { title: 'Outbox', to: '/deployment/outbox', icon: Mail },
        { title: 'Health', to: '/deployment/health', icon: Activity },
      ],
    },
    {
      title: 'All accounts',
      items: [
        { title: 'All usage', to: '/deployment/usage', icon: ChartColumn },
        { title: 'Live everywhere', to: '/deployment/live', icon: Radio },
        { title: 'All requests', to: '/deployment/requests', icon: ScrollText },
        { title: 'Explain any request', to: '/deployment/explain', icon: Stethoscope },
        { title: 'Whole audit', to: '/deployment/audit', icon: FileClock },
      ],
    },
  ];
}
