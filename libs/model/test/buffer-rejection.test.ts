import { expect, it } from '@jest/globals';
import { bufferRejectionText, readBufferRejection } from '../src/buffer-rejection.ts';

it('a rejected row of retl_buffer is read from the text that tells of it', () => {
  const rejection = { id: '7', table: 'shop.it"em', type: 'U', key: ['a', '. It says {'], reason: 'why. Because' };
  expect(readBufferRejection(bufferRejectionText(rejection))).toEqual(rejection);
  expect(readBufferRejection('something else')).toBeNull();
});
