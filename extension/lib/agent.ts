/** Which browser this is, as far as it says. */
export interface Agent {
  /** The name for people, with the version. */
  title: string;
  /** The name by which `torrpeddo install --browser` knows it; none for those it does not. */
  installName: 'firefox' | 'chrome' | 'chromium' | undefined;
}

interface Brands {
  brands: readonly { brand: string; version: string }[];
}

/** Chromium's many relatives call themselves Chrome; only the list of brands tells them apart. */
export function agentOf(userAgent: string, data: Brands | undefined): Agent {
  const firefox = /\bFirefox\/([\d.]+)/.exec(userAgent)?.[1];
  if (firefox !== undefined) return { title: `Firefox ${firefox}`, installName: 'firefox' };
  const brands = data?.brands ?? [];
  // One brand is made up, so that nobody relies on the list's length; and all of them are also Chromium.
  const own = brands.find(
    ({ brand }) => !['Chromium', 'HeadlessChrome'].includes(brand) && !/not.*brand/i.test(brand),
  );
  if (own !== undefined) {
    const chrome = own.brand === 'Google Chrome';
    return { title: `${own.brand} ${own.version}`, installName: chrome ? 'chrome' : undefined };
  }
  const chromium = /\b(?:Headless)?Chrome\/([\d.]+)/.exec(userAgent)?.[1];
  return {
    title: chromium === undefined ? userAgent : `Chromium ${chromium}`,
    installName: brands.length > 0 && chromium !== undefined ? 'chromium' : undefined,
  };
}

export function thisAgent(): Agent {
  return agentOf(navigator.userAgent, (navigator as { userAgentData?: Brands }).userAgentData);
}

/** What registers the program with this browser. */
export function installCommand(agent: Agent): string {
  const { installName: name } = agent;
  return name === undefined ? 'torrpeddo install' : `torrpeddo install --browser ${name}`;
}
