export interface Metrics {
  /** Single numbers, each with what it means. */
  gauges: { help: string; value: number }[];
  /** Answers of the gateway by API: 2xx and so on. */
  answers: { api: string; classes: Map<string, number> }[];
}

const LINE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ANSWERS = 'keyward_requests_total';

/** Reads what `/metrics` says, as far as the page shows it. Anything unknown is passed over. */
export function readMetrics(text: string): Metrics {
  const help = new Map<string, string>();
  const gauges: Metrics['gauges'] = [];
  const answers = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) {
      const [name = '', ...words] = line.slice('# HELP '.length).split(' ');
      help.set(name, words.join(' '));
      continue;
    }
    const [, name, labels, number] = LINE.exec(line) ?? [];
    const value = Number(number);
    if (name === undefined || number === undefined || Number.isNaN(value)) continue;
    if (labels === undefined) {
      gauges.push({ help: (help.get(name) ?? name).replace(/\.$/, ''), value });
    } else if (name === ANSWERS) {
      const named = new Map([...labels.matchAll(LABEL)].map((match) => [match[1], match[2] ?? '']));
      const api = named.get('api') || 'no API';
      const classes = answers.get(api) ?? new Map<string, number>();
      classes.set(named.get('status') ?? '', value);
      answers.set(api, classes);
    }
  }
  return { gauges, answers: [...answers].map(([api, classes]) => ({ api, classes })) };
}
