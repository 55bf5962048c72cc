import autocannon from 'autocannon';

/** One thing to measure: where to send what. Functions are called for each request. */
export interface Load {
  url: string;
  method: 'GET' | 'POST' | 'PUT';
  headers: Record<string, string> | (() => Record<string, string>);
  path: () => string;
  body?: () => string;
  connections: number;
  /** So many requests instead of some seconds: where a plan's limit would end a longer run. */
  amount?: number;
}

export interface Figure {
  perSecond: number;
  p50: number;
  p99: number;
}

/** Requests per second and latencies over some seconds; throws when answers are not 2xx, for those measure nothing. */
async function measure(load: Load, seconds: number): Promise<Figure> {
  const { body, headers } = load;
  const result = await autocannon({
    url: load.url,
    connections: load.connections,
    ...(load.amount === undefined ? { duration: seconds } : { amount: load.amount }),
    requests: [
      {
        method: load.method,
        setupRequest: (request) => ({
          ...request,
          headers: typeof headers === 'function' ? headers() : headers,
          path: load.path(),
          ...(body !== undefined && { body: body() }),
        }),
      },
    ],
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(
      `${load.method} ${load.path()}: ${result.non2xx} answers were not 2xx, ${result.errors} failed.`,
    );
  }
  // A run of so many requests ends with a whole second; its rate follows from how long each took (Little's law).
  const perSecond =
    load.amount === undefined
      ? result.requests.total / result.duration
      : (load.connections * 1000) / result.latency.average;
  return {
    perSecond,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}

/** Each load in turn, round after round, so that what else the machine does meets all alike; the median of each. */
export async function interleaved<K extends string>(
  loads: Record<K, Load>,
  rounds: number,
  seconds: number,
  /** Resolves when nothing goes on any more that the loads before left behind: floors are to be measured alone. */
  untilCalm: () => Promise<void> = () => Promise.resolve(),
): Promise<Record<K, Figure>> {
  const names = Object.keys(loads) as K[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as Figure[]])) as Record<K, Figure[]>;
  for (const name of names)
    if (loads[name].amount === undefined) await measure(loads[name], Math.min(1, seconds)); // warm
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      if (name.startsWith('floor')) await untilCalm();
      figures[name].push(await measure(loads[name], seconds));
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(figures[name])])) as Record<K, Figure>;
}

function median(figures: readonly Figure[]): Figure {
  const sorted = [...figures].sort((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('Nothing was measured.');
  return middle;
}
