import { browser } from 'wxt/browser';
import { thisAgent } from '@/lib/agent';
import { Engine } from '@/lib/engine.svelte';
import { Mirror } from '@/lib/mirror';
import type { Finding } from '@/lib/protocol/generated';
import type { Private } from '@/lib/redact';
import { PROTOCOL_VERSION } from '@/lib/rpc/client';
import { everyTorrent } from '@/lib/rpc/every';
import { reportText } from './report';

const LOG_LINES = 500;

/** Gathers what the page shows, and what must not leave it. */
export class DiagnosticsFacts {
  readonly engine = new Engine(new Mirror('diagnostics', []));
  findings = $state.raw<Finding[] | undefined>();
  log = $state.raw<string[] | undefined>();
  system = $state.raw<string>('');
  #private = $state.raw<Private | undefined>();

  readonly #ready = $derived(
    this.engine.connection.status === 'ready' ? this.engine.connection.hello : undefined,
  );
  readonly versions = $derived<[name: string, value: string][]>([
    ['extension', browser.runtime.getManifest().version],
    ['engine', this.#ready?.engine.version ?? '–'],
    ['protocol', String(this.#ready?.protocol ?? PROTOCOL_VERSION)],
    ['browser', thisAgent().title],
    ['system', this.system],
  ]);
  /** Without the engine nothing private is known, and nothing that it said is in the report. */
  readonly complete = $derived(this.#ready === undefined || this.#private !== undefined);

  open(complain: (error: unknown) => void): () => void {
    const stop = this.engine.client.onState((state) => {
      if (state.status === 'ready') this.refresh().catch(complain);
    });
    this.engine.start();
    void browser.runtime.getPlatformInfo().then(({ os, arch }) => (this.system = `${os} ${arch}`));
    return () => {
      stop();
      this.engine.client.stop();
    };
  }

  async refresh(): Promise<void> {
    await Promise.all([this.#diagnose(), this.readLog(), this.#learnPrivate()]);
  }

  async #diagnose(): Promise<void> {
    this.findings = (await this.engine.client.call('diagnose', {})).findings;
  }

  async readLog(): Promise<void> {
    this.log = (await this.engine.client.call('get_log', { lines: LOG_LINES })).lines;
  }

  async #learnPrivate(): Promise<void> {
    const { client } = this.engine;
    const settings = await client.call('get_settings', {});
    const torrents = await everyTorrent(client);
    const folders = [settings.download_folder, settings.incomplete_folder, settings.watch_folder];
    this.#private = {
      torrents: torrents.map(({ name }) => name),
      folders: [...folders, ...torrents.map((torrent) => torrent.save_path)].filter(
        (folder) => folder !== null,
      ),
    };
  }

  report(): string {
    const { connection } = this.engine;
    return reportText(
      {
        versions: this.versions,
        connection:
          'message' in connection ? `${connection.status}: ${connection.message}` : connection.status,
        findings: this.findings,
        log: this.log,
      },
      this.#private ?? { torrents: [], folders: [] },
    );
  }
}
