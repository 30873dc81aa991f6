import type { AddOptions, Event, FileStatus, PreviewResult } from './protocol/generated';
import { add, preview } from './add';
import { t } from './i18n';
import { sketchMagnet } from './magnet';
import type { PendingItem } from './pending';
import type { RpcClient } from './rpc/client';
import { RpcFailure } from './rpc/errors';
import { FileTree } from './tree';

/**
 * One thing that is about to be added: what is known of it so far, and what the user chose. It can be added
 * at any moment; what the preview has not said by then, the engine finds out afterwards.
 */
export class AddItem {
  readonly key: string;
  readonly source: PendingItem['source'];
  /** Not from the user's own hand: it waits for a word, whatever the settings say. */
  readonly ask: boolean;

  name = $state<string | undefined>();
  totalBytes = $state<number | undefined>();
  tree = $state.raw<FileTree | undefined>();
  /** Raised when the tree changes: its nodes are plain objects, for there may be many thousands. */
  version = $state(0);
  loaded = $state(0);
  /** What the user looks for among the files. */
  filter = $state('');
  status = $state<'resolving' | 'ready' | 'failed' | 'added'>('resolving');
  alreadyThere = $state(false);
  problem = $state<string | undefined>();

  #previewId: string | undefined;
  #closed = false;
  #files: FileStatus[] = [];

  constructor(item: PendingItem) {
    this.key = item.key;
    this.source = item.source;
    this.ask = item.ask === true;
    if (item.source.kind === 'magnet') this.name = sketchMagnet(item.source.uri).name;
    else if (item.source.kind === 'file') this.name = item.source.name;
    else this.name = item.source.url;
  }

  /** The bytes that the choice needs on disk, once they are known. */
  get neededBytes(): number | undefined {
    return this.version >= 0 ? (this.tree?.selected.bytes ?? this.totalBytes) : undefined;
  }

  get nothingSelected(): boolean {
    return this.version >= 0 && this.tree?.selected.files === 0;
  }

  /** Asks the engine to look into it; asked again after a lost connection, since previews end with one. */
  async look(client: RpcClient): Promise<void> {
    if (this.status === 'added') return;
    // Another engine may call another preview so.
    this.#previewId = undefined;
    this.problem = undefined;
    if (this.tree === undefined) this.status = 'resolving';
    try {
      await this.#know(client, await preview(client, this.source));
    } catch (error) {
      // A lost connection is told elsewhere and looked after by the next one.
      if (error instanceof RpcFailure && error.kind === 'disconnected') return;
      this.#fail(error);
    }
  }

  async onEvent(client: RpcClient, event: Event): Promise<void> {
    if (event.preview_id === undefined || event.preview_id !== this.#previewId) return;
    if (event.kind === 'preview_failed') {
      this.#fail(event.error);
    } else if (event.kind === 'preview_ready') {
      if (event.name !== undefined) this.name = event.name;
      if (event.total_bytes !== undefined) this.totalBytes = event.total_bytes;
      // What the user has been shown and has chosen from stays.
      if (this.tree !== undefined) return;
      try {
        if (event.files === undefined) {
          await this.#know(client, await client.call('preview', { preview_id: event.preview_id }));
        } else this.#show(event.files);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  async add(client: RpcClient, options: AddOptions): Promise<boolean> {
    const selected = this.tree?.selection();
    this.problem = undefined;
    try {
      const wanted = { ...options, ...(selected === undefined ? {} : { selected }) };
      const preview = this.#previewId;
      const result = await (preview === undefined
        ? add(client, this.source, wanted)
        : add(client, this.source, { ...wanted, preview_id: preview }).catch((error: unknown) => {
            // It does not wait for ever; the source itself still says all that is needed.
            if (!(error instanceof RpcFailure) || error.data.member !== 'preview_id') throw error;
            return add(client, this.source, wanted);
          }));
      this.#previewId = undefined;
      this.status = 'added';
      this.alreadyThere = result.already_exists;
      return true;
    } catch (error) {
      this.problem = sentence(error);
      return false;
    }
  }

  /** The user does not want it after all. */
  drop(client: RpcClient): void {
    this.#closed = true;
    const id = this.#previewId;
    this.#previewId = undefined;
    if (id !== undefined) client.call('drop_preview', { preview_id: id }).catch(() => undefined);
  }

  async #know(client: RpcClient, result: PreviewResult): Promise<void> {
    this.#previewId = result.preview_id;
    if (this.#closed) {
      this.drop(client);
      return;
    }
    if (result.name !== undefined) this.name = result.name;
    if (result.total_bytes !== undefined) this.totalBytes = result.total_bytes;
    this.alreadyThere = result.already_exists === true;
    if (result.files === undefined || this.tree !== undefined) return;
    this.#files = result.files;
    let cursor = result.next_cursor;
    // A long list comes in pages; the tree is built once, when it is complete.
    while (cursor !== undefined) {
      if (this.#isClosed()) return;
      this.loaded = this.#files.length;
      const page = await client.call('preview', { preview_id: result.preview_id, cursor });
      this.#files.push(...(page.files ?? []));
      cursor = page.next_cursor;
    }
    this.#show(this.#files);
  }

  /** A method, since the answer may change while a page of files is awaited. */
  #isClosed(): boolean {
    return this.#closed;
  }

  #show(files: FileStatus[]): void {
    this.tree = new FileTree(files);
    this.#files = [];
    this.totalBytes ??= this.tree.total.bytes;
    this.status = 'ready';
  }

  #fail(error: unknown): void {
    // Known from before a lost connection, it can be added all the same.
    if (this.tree !== undefined) return;
    this.status = 'failed';
    this.problem = sentence(error);
  }
}

function sentence(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' && message !== '' ? message : t('errorUnknown');
}
