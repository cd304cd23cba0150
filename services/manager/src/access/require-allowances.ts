import type { Type } from '@nestjs/common';
import { GUARDS_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import type { ModulesContainer } from '@nestjs/core';
import { TokenGuard } from '../http/token.guard.ts';
import { ALLOWANCE } from './allows.decorator.ts';

/**
 * Every handler of every controller has to say whom it allows, under the guard that reads it. Throws a plain Error that names
 * those that do not: a programmer's mistake, which would leave a route open or answer with a 500.
 */
export function requireAllowances(modules: ModulesContainer): void {
  const controllers = [...modules.values()].flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as Type),
  );
  const silent = controllers.flatMap(silentHandlersOf);
  if (silent.length > 0) throw new Error(`Routes that do not say whom they allow: ${silent.join(', ')}`);
}

function silentHandlersOf(controller: Type): string[] {
  const guards = (Reflect.getMetadata(GUARDS_METADATA, controller) ?? []) as readonly unknown[];
  const isGuarded = guards.includes(TokenGuard);
  return handlersOf(controller)
    .filter(({ handler }) => !isGuarded || !Reflect.hasMetadata(ALLOWANCE, handler))
    .map(({ name }) => `${controller.name}.${name}`);
}

/** Methods that answer a route, inherited ones too. */
function handlersOf(controller: Type): { readonly name: string; readonly handler: object }[] {
  const found: { readonly name: string; readonly handler: object }[] = [];
  let level = controller.prototype as object | null;
  for (; level !== null && level !== Object.prototype; level = Object.getPrototypeOf(level) as object | null)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level)) as [
      string,
      { readonly value?: unknown },
    ][])
      if (typeof value === 'function' && Reflect.hasMetadata(METHOD_METADATA, value))
        found.push({ name, handler: value });
  return found;
}
