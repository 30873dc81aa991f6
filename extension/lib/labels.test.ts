import { describe, expect, it } from 'vitest';
import { withLabels } from './labels';

describe('labels', () => {
  it('are parted by commas, trimmed, and each there once', () => {
    expect(withLabels(['Film'], ' film, Linux ,,linux\nDocs')).toEqual(['Film', 'Linux', 'Docs']);
  });

  it('are bounded', () => {
    const many = Array.from({ length: 100 }, (_, at) => `label ${at}`).join(',');
    expect(withLabels([], many)).toHaveLength(32);
    expect(withLabels([], 'x'.repeat(1_000))[0]).toHaveLength(64);
    expect(withLabels([], '🎬'.repeat(50))[0]).toBe('🎬'.repeat(16));
  });
});
