/**
 * Server-sent events (WHATWG HTML, 9.2.6), parsed as their bytes arrive, however these are cut. Of
 * the fields only `event` and `data` are kept: `id` and `retry` are for reconnecting.
 */

export interface ServerEvent {
  /** `message` unless the server says otherwise. */
  readonly type: string;
  readonly data: string;
}

export interface ServerEventParser {
  /** The events that are complete with these bytes. One that the stream breaks off is none. */
  readonly push: (bytes: Uint8Array) => ServerEvent[];
}

export function createServerEventParser(): ServerEventParser {
  const decoder = new TextDecoder();
  const completeLines = createLineSplitter();
  let type = '';
  let data: string[] = [];

  /** The event that an empty line ends, if it has data. */
  function dispatch(): ServerEvent[] {
    const event = { type: type || 'message', data: data.join('\n') };
    const isEvent = data.length > 0;
    type = '';
    data = [];
    return isEvent ? [event] : [];
  }

  function take(line: string): ServerEvent[] {
    if (line === '') return dispatch();
    const [name, value] = parseField(line);
    if (name === 'event') type = value;
    if (name === 'data') data.push(value);
    return [];
  }

  return { push: (bytes) => completeLines(decoder.decode(bytes, { stream: true })).flatMap(take) };
}

/** A comment is a field without a name. */
function parseField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

/** Lines end in CRLF, LF or CR, and a CR ends one at once, though an LF may follow. */
function createLineSplitter(): (text: string) => string[] {
  let rest = '';
  let endedInCr = false;
  return (text) => {
    if (text === '') return [];
    const lines = (endedInCr && text.startsWith('\n') ? text.slice(1) : text).split(/\r\n|\n|\r/);
    lines[0] = rest + lines[0];
    rest = lines.pop() ?? '';
    endedInCr = text.endsWith('\r');
    return lines;
  };
}
