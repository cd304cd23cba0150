import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { getMetadataStorage } from 'class-validator';
import type { Schema } from './api-document.ts';

type Class = abstract new (...args: never[]) => object;

interface Check {
  readonly field: string;
  /** As class-validator calls it: 'isInt', 'min', … */
  readonly name: string;
  readonly constraints: readonly unknown[];
  /** True when it holds for each item of a list. */
  readonly each: boolean;
}

/** What the DTO classes check, so that the document says the same without being told twice. */
export class Checks {
  private readonly controllers = new Map<string, Class>();
  private readonly classes = new Map<string, Class>();

  constructor(app: INestApplication) {
    for (const module of app.get(ModulesContainer).values())
      for (const { metatype } of module.controllers.values())
        if (typeof metatype === 'function') this.controllers.set(metatype.name, metatype as Class);
    for (const controller of this.controllers.values())
      for (const method of Object.getOwnPropertyNames(controller.prototype))
        for (const type of parametersOf(controller, method)) this.add(type);
  }

  /** The schema of a class with what its fields are checked for. */
  ofClass(name: string, schema: Schema): Schema {
    const found = this.classes.get(name);
    if (found === undefined || schema.properties === undefined) return schema;
    const checks = checksOf(found);
    const properties = Object.entries(schema.properties).map(
      ([field, of]) =>
        [
          field,
          constrained(
            of,
            checks.filter((one) => one.field === field),
          ),
        ] as const,
    );
    return { ...schema, properties: Object.fromEntries(properties) };
  }

  /** The schema of a parameter in the query of a route, likewise. `operation` = '<controller>.<method>'. */
  ofQuery(operation: string, parameter: string, schema: Schema): Schema {
    const [controller = '', method = ''] = operation.split('.');
    const found = this.controllers.get(`${controller}Controller`);
    if (found === undefined) return schema;
    const checks = parametersOf(found, method).flatMap(checksOf);
    return constrained(
      schema,
      checks.filter(({ field }) => field === parameter),
    );
  }

  private add(type: Class): void {
    if (this.classes.has(type.name)) return;
    this.classes.set(type.name, type);
    for (const field of new Set(checksOf(type).map((one) => one.field))) {
      const nested = nestedOf(type, field);
      if (nested !== undefined) this.add(nested);
    }
  }
}

const parametersOf = (controller: Class, method: string): readonly Class[] => {
  const types: unknown = Reflect.getMetadata('design:paramtypes', controller.prototype as object, method);
  return Array.isArray(types) ? types.filter((type): type is Class => typeof type === 'function') : [];
};

/** The class of a field, as `@ApiProperty({ type })` names it. */
function nestedOf({ prototype }: Class, field: string): Class | undefined {
  const told = Reflect.getMetadata('swagger/apiModelProperties', prototype as object, field) as
    { readonly type?: unknown } | undefined;
  const [type] = [told?.type].flat();
  return typeof type === 'function' ? (type as Class) : undefined;
}

const checksOf = (type: Class): readonly Check[] =>
  getMetadataStorage()
    .getTargetValidationMetadatas(type as unknown as new () => object, '', false, false)
    .map(({ propertyName, name, constraints, each }) => ({
      field: propertyName,
      name: name ?? '',
      constraints: (constraints as readonly unknown[] | undefined) ?? [],
      each,
    }));

function constrained(schema: Schema, checks: readonly Check[]): Schema {
  const own = checks.filter(({ each }) => !each);
  const ofItems = checks.filter(({ each }) => each && schema.items !== undefined);
  const items = schema.items === undefined ? {} : { items: ofItems.reduce(withCheck, schema.items) };
  return own.reduce(withCheck, { ...schema, ...items });
}

function withCheck(schema: Schema, { name, constraints: [first, second] }: Check): Schema {
  if (schema.$ref !== undefined || schema.anyOf !== undefined) return schema;
  switch (name) {
    case 'isInt':
      return { ...schema, type: integerOf(schema.type) };
    case 'min':
      return { ...schema, minimum: Number(first) };
    case 'max':
      return { ...schema, maximum: Number(first) };
    case 'isLength':
      return { ...schema, minLength: Number(first), ...(second === undefined ? {} : { maxLength: Number(second) }) };
    case 'minLength':
      return { ...schema, minLength: Number(first) };
    case 'maxLength':
      return { ...schema, maxLength: Number(first) };
    case 'matches':
      return first instanceof RegExp && first.flags === '' ? { ...schema, pattern: first.source } : schema;
    case 'arrayMinSize':
      return { ...schema, minItems: Number(first) };
    case 'arrayMaxSize':
      return { ...schema, maxItems: Number(first) };
    case 'arrayUnique':
      return { ...schema, uniqueItems: true };
    case 'isIn':
      return schema.enum === undefined && schema.type !== 'array' ? { ...schema, enum: first as unknown[] } : schema;
    default:
      return schema;
  }
}

/** NestJS calls every number a number. */
const integerOf = (type: Schema['type']): string | readonly string[] =>
  Array.isArray(type) ? type.map((one: string) => (one === 'number' ? 'integer' : one)) : 'integer';
