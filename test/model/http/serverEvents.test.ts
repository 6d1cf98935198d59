import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createServerEventParser, type ServerEvent } from '../../../src/model/http/serverEvents.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function parse(...chunks: readonly Uint8Array[]): ServerEvent[] {
  const parser = createServerEventParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

const dataOf = (text: string) => parse(bytesOf(text)).map(({ data }) => data);

/** Cuts at the given places, which may repeat. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [0, ...places.map((p) => p % (bytes.length + 1)), bytes.length];
  borders.sort((a, b) => a - b);
  return borders.slice(1).map((end, i) => bytes.slice(borders[i], end));
}

describe('server-sent events', () => {
  it('take the examples of the standard', () => {
    expect(dataOf('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual(['YHOO\n+2\n10']);
    expect(
      dataOf(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n'),
    ).toEqual(['first event', 'second event']);
    expect(dataOf('data:  third event\n\n')).toEqual([' third event']);
    expect(dataOf('data\n\ndata\ndata\n\ndata:')).toEqual(['', '\n']);
    expect(dataOf('data:test\n\ndata: test\n\n')).toEqual(['test', 'test']);
  });

  it('end lines with CRLF, LF and CR', () => {
    for (const end of ['\r\n', '\n', '\r']) {
      const text = ['data: a', 'data: b', '', 'data: c', '', ''].join(end);
      expect(dataOf(text)).toEqual(['a\nb', 'c']);
    }
  });

  it('come at once when a CR ends them, and an LF in the next chunk ends nothing more', () => {
    const parser = createServerEventParser();
    expect(parser.push(bytesOf('data: a\r\n\r')).map(({ data }) => data)).toEqual(['a']);
    expect(parser.push(bytesOf('\ndata: b\r\n\r\n')).map(({ data }) => data)).toEqual(['b']);
  });

  it('keep their type, skip comments and a byte order mark, and drop what is broken off', () => {
    expect(
      parse(bytesOf('\ufeffevent: error\ndata: x\n: ping\n\ndata: y\n\ndata: lost\n')),
    ).toEqual([
      { type: 'error', data: 'x' },
      { type: 'message', data: 'y' },
    ]);
  });

  const line = fc.oneof(
    fc.string({ unit: 'binary' }).map((s) => `data: ${s.replace(/[\r\n]/g, '')}`),
    fc.constantFrom('', '', ': comment', 'event: delta', 'id: 7', 'data', 'data:', 'retry: 1'),
    fc.string().map((s) => s.replace(/[\r\n]/g, '')),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')))
    .map((lines) => lines.flat().join(''));

  it('are the same however their bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (text, places) => {
        const bytes = bytesOf(text);
        expect(parse(...cut(bytes, places))).toEqual(parse(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('are the same byte by byte, when some bytes are no UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Uint8Array.from([...bytesOf('data: '), ...noise, ...bytesOf('\n\n')]);
        const single = [...bytes].map((byte) => Uint8Array.of(byte));
        expect(parse(...single)).toEqual(parse(bytes));
      }),
    );
  });

  it('give back any text that was put into them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.json({ noUnicodeString: false })),
        fc.array(fc.nat()),
        (texts, at) => {
          const bytes = bytesOf(texts.map((text) => `data: ${text}\r\n\r\n`).join(''));
          expect(parse(...cut(bytes, at)).map(({ data }) => data)).toEqual(texts);
        },
      ),
    );
  });
});
