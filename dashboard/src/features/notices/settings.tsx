import { Button, Checkbox, Group, NumberInput, Select, Stack, Switch, TagsInput, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, ifMatch, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useScope } from '../../session/scope';
import { noticeWords, OF_OPERATORS } from '../../shared/notice-words';
import { Failure, Section, Waiting } from '../../ui/page';

/** At which parts of a limit an account can be told. */
const PERCENTS = ['80', '95', '100'];

/** What an account is told, whoever of its people hears it. */
export function NoticeSettings() {
  const scope = useScope();
  const settings = useQuery({
    queryKey: ['notice-settings', scope.id],
    queryFn: () =>
      answered(
        scope.client.GET('/v1/accounts/{account_id}/notice-settings', { params: { path: { account_id: scope.id } } }),
      ),
  });
  if (settings.isPending) return <Waiting />;
  if (settings.isError) return <Failure error={settings.error} again={() => settings.refetch()} />;
  return <Form key={settings.data.version} kept={settings.data} />;
}

const SHOWN = ['/expiry_days', '/limit_percents', '/time_zone', '/digest_hour'];

function Form({ kept }: { kept: Wire['KeptNoticeSettings'] }) {
  const scope = useScope();
  const mayWrite = scope.may('settings.write');
  const [mail, setMail] = useState(kept.mail);
  const [days, setDays] = useState(kept.expiry_days.map(String));
  const [percents, setPercents] = useState(kept.limit_percents.map(String));
  const [zone, setZone] = useState<string>(kept.time_zone);
  const [hour, setHour] = useState<number>(kept.digest_hour);
  const kinds = Object.keys(mail).filter((kind) => !OF_OPERATORS.includes(kind));
  const save = useAction(() =>
    answered(
      scope.client.PUT('/v1/accounts/{account_id}/notice-settings', {
        params: { path: { account_id: scope.id }, header: ifMatch(kept.version) },
        body: {
          // Only what differs: the rest goes on as the defaults have it, also when those change.
          mail: { ...kept.own.mail, ...changed(kept.mail, mail) },
          expiry_days: same(days, kept.expiry_days) ? kept.own.expiry_days : days.map(Number),
          limit_percents: same(percents, kept.limit_percents) ? kept.own.limit_percents : percents.map(Number),
          time_zone: zone === kept.time_zone ? kept.own.time_zone : zone,
          digest_hour: hour === kept.digest_hour ? kept.own.digest_hour : hour,
        },
      }),
    ),
  );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await save.run()) !== undefined)
      notifications.show({ message: 'The account’s settings are saved.', color: 'teal' });
  };
  return (
    <form onSubmit={submit}>
      <fieldset disabled={!mayWrite} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
        <Stack gap="lg">
          {save.refused && <Failure error={save.refused} shown={SHOWN} />}
          <Section
            title="What is mailed"
            lead="To the account’s admins and to whoever a key belongs to. What is not mailed is listed here and told to webhooks all the same."
          >
            <Stack gap="sm">
              {kinds.map((kind) => (
                <Switch
                  key={kind}
                  label={noticeWords(kind)}
                  checked={mail[kind]}
                  onChange={(event) => setMail({ ...mail, [kind]: event.currentTarget.checked })}
                />
              ))}
            </Stack>
          </Section>
          <Section title="When">
            <Stack maw={480}>
              <TagsInput
                label="Days before a key ends"
                description="Each is told once. Write a number, then press Enter."
                value={days}
                onChange={setDays}
                error={save.refused?.at('/expiry_days')}
                acceptValueOnBlur
              />
              <Checkbox.Group
                label="Parts of a limit"
                description="A limit or quota that is used up this far is told, once in each window."
                value={percents}
                onChange={setPercents}
                error={save.refused?.at('/limit_percents')}
              >
                <Group gap="md" mt={6}>
                  {PERCENTS.map((percent) => (
                    <Checkbox key={percent} value={percent} label={`${percent} %`} />
                  ))}
                </Group>
              </Checkbox.Group>
              <Select
                label="Time zone"
                description="Of times in mails, and of the daily mail’s hour."
                data={zones(kept.time_zone)}
                value={zone}
                onChange={(value) => value && setZone(value)}
                allowDeselect={false}
                searchable
                limit={100}
                error={save.refused?.at('/time_zone')}
              />
              <NumberInput
                label="Hour of the daily mail"
                description="For people who want one mail a day."
                value={hour}
                onChange={(value) => setHour(Number(value))}
                min={0}
                max={23}
                clampBehavior="none"
                allowDecimal={false}
                error={save.refused?.at('/digest_hour')}
              />
            </Stack>
          </Section>
          {mayWrite ? (
            <Group>
              <Button type="submit" loading={save.busy}>
                Save
              </Button>
            </Group>
          ) : (
            <Text fz="sm" className="quiet">
              Your role may look at this and not change it.
            </Text>
          )}
        </Stack>
      </fieldset>
    </form>
  );
}

/** The kinds that were switched. */
function changed(before: Record<string, boolean>, after: Record<string, boolean>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(after).filter(([kind, isOn]) => before[kind] !== isOn));
}

function same(texts: readonly string[], numbers: readonly number[]): boolean {
  const sorted = (all: readonly (string | number)[]) => [...all].map(Number).sort((a, b) => a - b);
  return JSON.stringify(sorted(texts)) === JSON.stringify(sorted(numbers));
}

function zones(own: string): string[] {
  return [...new Set(['UTC', own, ...Intl.supportedValuesOf('timeZone')])];
}
