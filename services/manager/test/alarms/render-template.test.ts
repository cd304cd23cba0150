import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { linesOf, sampleNotification, titleOf } from '../../src/receivers/notification.ts';
import type { Notification } from '../../src/receivers/notification.ts';
import { checkTemplate, renderTemplate } from '../../src/receivers/render-template.ts';

const notification = (change: Partial<Notification> = {}): Notification => ({
  ...sampleNotification('01J0000000000000000000000A', new Date('2026-11-22T10:00:00Z')),
  ...change,
});

describe('a template', () => {
  it.each<[string, Record<string, unknown>, unknown]>([
    ['fills in placeholders inside of texts', { a: 'x {{alarm.rule}} y' }, { a: 'x Late y' }],
    ['makes a value of a text that is one placeholder', { a: '{{ alarm.value }}' }, { a: 12.5 }],
    ['reaches into lists and objects', { a: [{ b: '{{alarm.unit}}' }] }, { a: [{ b: 'ms' }] }],
    ['leaves other values as they are', { a: 1, b: null, c: true }, { a: 1, b: null, c: true }],
    ['does not fill in names of fields', { '{{alarm.rule}}': 'x' }, { '{{alarm.rule}}': 'x' }],
    ['leaves what is no placeholder', { a: '{{constructor}} {{}} {x}' }, { a: '{{constructor}} {{}} {x}' }],
  ])('%s', (_behaviour, template, expected) => {
    expect(renderTemplate(template, notification({ rule: 'Late', value: 12.5, unit: 'ms' }))).toEqual(expected);
  });

  it('never lets a value become structure, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (rule) => {
        const body = JSON.stringify(
          renderTemplate({ a: '{{alarm.rule}}', b: '<{{alarm.rule}}>' }, notification({ rule })),
        );
        expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify({ a: rule, b: `<${rule}>` })));
      }),
    );
  });

  it('is not filled in twice: a name that looks like a placeholder stays one', () => {
    expect(renderTemplate({ a: '{{alarm.rule}}!' }, notification({ rule: '{{alarm.message}}' }))).toEqual({
      a: '{{alarm.message}}!',
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['an unknown placeholder', { a: '{{alarm.password}}' }],
    ['a placeholder of the prototype', { a: '{{constructor}}' }],
    ['too deep', { a: Array.from({ length: 12 }).reduce<unknown>((inner) => [inner], 'x') }],
    ['too long', { a: 'x'.repeat(20_001) }],
  ])('is refused when it has %s', (_what, template) => {
    expect(() => {
      checkTemplate(template, 'http.template');
    }).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });
});

it('titles are one line, whatever the rule is called', () => {
  const title = titleOf(
    notification({ change: 'firing', severity: 'urgent', rule: 'a\r\nBcc: x', subject: 'pipeline p' }),
  );
  expect(title).toBe('[Lutra urgent] a Bcc: x: pipeline p');
  expect(linesOf(notification({ value: null })).join('\n')).not.toContain('Value');
});
