import { expect, test } from 'vitest';
import { readMetrics } from './metrics';

test('numbers keep their meaning, answers are grouped by API', () => {
  const text = [
    '# HELP keyward_requests_total Answers.',
    '# TYPE keyward_requests_total counter',
    'keyward_requests_total{api="shop",status="2xx"} 7',
    'keyward_requests_total{api="",status="4xx"} 2',
    '# HELP keyward_ready Whether requests can be judged.',
    'keyward_ready 1',
    'keyward_denials_total{api="shop",code="key_expired"} 3',
    'not a metric',
  ].join('\n');
  const read = readMetrics(text);
  expect(read.gauges).toEqual([{ help: 'Whether requests can be judged', value: 1 }]);
  expect(read.answers.map(({ api, classes }) => [api, Object.fromEntries(classes)])).toEqual([
    ['shop', { '2xx': 7 }],
    ['no API', { '4xx': 2 }],
  ]);
});
