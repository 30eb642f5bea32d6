import { Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Failure } from '../../ui/page';
import { Facts, When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';
import { DoorFrame } from './frame';
import { useLinkToken } from './link-token';

/** Hands over a secret, once, to whoever has the link. Nobody needs to sign in. */
export function PickUp() {
  const token = useLinkToken();
  const [looked, setLooked] = useState<Wire['PickUpLook'] | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const [done, setDone] = useState(false);
  const look = useAction(() => answered(ownClient.POST('/v1/pick-up/look', { body: { token } })));
  const pickUp = useAction(() => answered(ownClient.POST('/v1/pick-up', { body: { token } })));

  if (!token) {
    return (
      <DoorFrame title="Pick up a key">
        <Text fz="sm">Open the whole link that was sent to you: its end is missing here.</Text>
      </DoorFrame>
    );
  }
  if (done) {
    return (
      <DoorFrame title="That was it">
        <Text fz="sm">The link has been used and the key is no longer on this page. You may close it.</Text>
      </DoorFrame>
    );
  }
  if (secret !== null) {
    return (
      <DoorFrame title="Your key">
        <Stack>
          <SecretBox
            secret={secret}
            label="API key"
            notice="Copy it now and keep it safe: the link has been used, and it can’t be shown again."
          />
          <Button
            onClick={() => {
              setSecret(null);
              setDone(true);
            }}
          >
            Done
          </Button>
        </Stack>
      </DoorFrame>
    );
  }
  return (
    <DoorFrame title="Pick up a key" lead="Somebody sends you a key for an API. It is shown once.">
      <Stack>
        {(look.refused ?? pickUp.refused) && <Failure error={look.refused ?? pickUp.refused} />}
        {looked === null ? (
          <Button
            loading={look.busy}
            onClick={async () => {
              const found = await look.run();
              if (found) setLooked(found);
            }}
          >
            Look who it is from
          </Button>
        ) : (
          <>
            <Facts
              items={[
                ['From', looked.account_name],
                ['For', looked.recipient ?? 'whoever has this link'],
                ['API', looked.api],
                ['Key', `${looked.key_name ?? 'without a name'} (${looked.environment})`],
                ['The key ends', <When key="ends" at={looked.key_expires_at} />],
                ['The link ends', <When key="link" at={looked.link_expires_at} />],
              ]}
            />
            <Button
              loading={pickUp.busy}
              onClick={async () => {
                const picked = await pickUp.run();
                if (picked?.secret) setSecret(picked.secret);
              }}
            >
              Show the key
            </Button>
          </>
        )}
      </Stack>
    </DoorFrame>
  );
}
