/**
 * An answer in server-sent events, as OpenAI sends them: `data: {...}` for each and `data: [DONE]` at
 * the end. What fails before the first event is thrown, so that it has an answer with a status; later
 * it is an event of its own.
 */

export interface EventStream {
  readonly response: Response;
  /** Resolves when nothing more will be sent. */
  readonly ended: Promise<void>;
}

export interface EventStreamOptions {
  /** Nobody reads any more. */
  readonly onCancel: () => void;
  readonly errorEvent: (error: unknown) => object;
}

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache',
  // Or nginx collects the events before it passes them on.
  'X-Accel-Buffering': 'no',
};

/** Resolves with the first event. */
export function eventStream(
  produce: (send: (event: object) => void) => Promise<void>,
  { onCancel, errorEvent }: EventStreamOptions,
): Promise<EventStream> {
  const events = openEvents(onCancel);
  return new Promise((resolve, reject) => {
    let isBegun = false;
    const begin = () => {
      if (!isBegun) resolve({ response: new Response(events.body, { headers: HEADERS }), ended });
      isBegun = true;
    };
    const run = async () => {
      try {
        await produce((event) => {
          events.send(JSON.stringify(event));
          begin();
        });
        events.send('[DONE]');
        begin();
      } catch (error) {
        if (isBegun) events.send(JSON.stringify(errorEvent(error)));
        else reject(error);
      } finally {
        events.close();
      }
    };
    // What it sends at once would else find `ended` not there yet.
    const ended = Promise.resolve().then(run);
  });
}

function openEvents(onCancel: () => void) {
  const encoder = new TextEncoder();
  /** Undefined when nobody reads. */
  let reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      reader = controller;
    },
    cancel() {
      reader = undefined;
      onCancel();
    },
  });
  return {
    body,
    send: (data: string) => reader?.enqueue(encoder.encode(`data: ${data}\n\n`)),
    close: () => reader?.close(),
  };
}
