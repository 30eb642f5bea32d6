/** One server-sent event. */
export interface StreamEvent {
  name: string;
  data: string;
}

/** Most characters of one event; a stream that sends more is not one of ours. */
const EVENT_CHARS_MAX = 1 << 20;

/**
 * Reads server-sent events as their text comes in, in pieces cut anywhere. What a browser's own `EventSource` does with
 * ids and waits is left out: it could not send the headers that our streams need.
 */
export class EventReader {
  private rest = '';
  private name = '';
  private data: string[] = [];
  private chars = 0;

  /** The events that are whole with this piece. */
  read(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    // A carriage return at the very end may be half of a line's end: the next piece tells.
    const text = this.rest + piece;
    const held = text.endsWith('\r') ? 1 : 0;
    const lines = text.slice(0, text.length - held).split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? '') + text.slice(text.length - held);
    for (const line of lines) {
      const event = this.line(line);
      if (event) events.push(event);
    }
    if (this.rest.length + this.chars > EVENT_CHARS_MAX) throw new RangeError('an event without an end');
    return events;
  }

  private line(line: string): StreamEvent | null {
    if (line === '') return this.dispatch();
    this.chars += line.length;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.name = value;
    if (field === 'data') this.data.push(value);
    return null;
  }

  private dispatch(): StreamEvent | null {
    const event = this.data.length > 0 ? { name: this.name || 'message', data: this.data.join('\n') } : null;
    this.name = '';
    this.data = [];
    this.chars = 0;
    return event;
  }
}

const WAIT_MS = 1_000;
const WAIT_MS_MAX = 30_000;

/** How long to wait before the next attempt, after so many that failed in a row; `random` is from 0 to 1. */
export function pause(failures: number, random: number): number {
  const most = Math.min(WAIT_MS * 2 ** failures, WAIT_MS_MAX);
  // Not all pages of a server that was away come back in the same instant.
  return most * (0.5 + random / 2);
}
