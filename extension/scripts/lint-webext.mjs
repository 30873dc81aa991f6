// Mozilla's linter over the Firefox build: nothing of what it says is let pass, but for what is
// about Firefox for Android, where there is no native messaging and so no Torrpeddo.
import { spawnSync } from 'node:child_process';

const ELSEWHERE = ['KEY_FIREFOX_ANDROID_UNSUPPORTED_BY_MIN_VERSION'];

const linter = spawnSync('web-ext', ['lint', '--source-dir', '.output/firefox-mv3', '--output', 'json'], {
  encoding: 'utf8',
});
if (linter.error || !linter.stdout.startsWith('{')) {
  console.error(linter.error ?? linter.stdout + linter.stderr);
  process.exit(1);
}
const report = JSON.parse(linter.stdout);
const found = [...report.errors, ...report.warnings, ...report.notices].filter(
  (message) => !ELSEWHERE.includes(message.code),
);
for (const { code, message, description, file, line } of found) {
  console.error(`${file ?? 'manifest'}:${line ?? ''} ${code}: ${message}\n  ${description}`);
}
console.log(`${found.length} messages of web-ext lint`);
process.exitCode = found.length > 0 ? 1 : 0;
