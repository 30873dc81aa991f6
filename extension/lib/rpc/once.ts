import type { RpcClient } from './client';
import { createClient } from './connect';

/** A connection for one piece of work: a shortcut, a button in a notification. */
export async function once<T>(work: (client: RpcClient) => Promise<T>): Promise<T> {
  const client = createClient('background');
  client.start();
  try {
    return await work(client);
  } finally {
    client.stop();
  }
}
