import { Box, Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

/** The frame of pages for somebody who is not signed in. */
export function DoorFrame({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Keyward`;
  }, [title]);
  return (
    <main className="door">
      <Stack w="100%" maw={420} gap="lg">
        <Group gap="xs" justify="center">
          <img src="/icon.svg" alt="" width={28} height={28} />
          <Text fw={700} fz="lg">
            Keyward
          </Text>
        </Group>
        <Box className="card" p={{ base: 'lg', sm: 'xl' }}>
          <Stack gap="md">
            <Stack gap={4}>
              <Title order={1} fz={22}>
                {title}
              </Title>
              {lead && (
                <Text fz="sm" className="quiet">
                  {lead}
                </Text>
              )}
            </Stack>
            {children}
          </Stack>
        </Box>
      </Stack>
    </main>
  );
}
