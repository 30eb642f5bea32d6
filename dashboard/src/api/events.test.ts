import { expect, test } from 'vitest';
import { EventReader, pause } from './events';

const STREAM = 'event: tick\ndata: {"a":1}\n\n: alive\n\nevent: row\r\ndata: one\r\ndata: two\r\n\r\ndata:bare\n\n';
const EVENTS = [
  { name: 'tick', data: '{"a":1}' },
  { name: 'row', data: 'one\ntwo' },
  { name: 'message', data: 'bare' },
];

test('events are the same wherever the text is cut', () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const reader = new EventReader();
    expect([...reader.read(STREAM.slice(0, cut)), ...reader.read(STREAM.slice(cut))]).toEqual(EVENTS);
  }
  const letters = new EventReader();
  expect([...STREAM].flatMap((letter) => letters.read(letter))).toEqual(EVENTS);
});

test('an event is told only once it is whole, and an endless one is given up', () => {
  const reader = new EventReader();
  expect(reader.read('data: half')).toEqual([]);
  expect(reader.read('\n')).toEqual([]);
  expect(reader.read('\n')).toEqual([{ name: 'message', data: 'half' }]);
  const endless = new EventReader();
  expect(() => {
    for (let count = 0; count < 2_000; count++) endless.read(`data: ${'x'.repeat(1_000)}\n`);
  }).toThrow('without an end');
});

test('attempts come ever more slowly, never further apart than half a minute', () => {
  expect([0, 1, 2, 10, 1_000].map((failures) => pause(failures, 1))).toEqual([1_000, 2_000, 4_000, 30_000, 30_000]);
  expect(pause(0, 0)).toBe(500);
});
