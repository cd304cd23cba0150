import type { Command } from './permit.ts';

/**
 * An operator's word to all pipelines of a channel. One message in the queue, so that it is issued to all or to none; the
 * arbiter carries out one {@link Command} per pipeline and repeats it until each has been carried out.
 */
export interface ChannelCommand extends Pick<
  Command,
  'id' | 'kind' | 'reason' | 'author' | 'issuedAt' | 'isGraceful' | 'isForced'
> {
  readonly channelId: string;
  /** The pipelines that the channel had when the command was given. */
  readonly pipelineIds: readonly string[];
}

export const isChannelCommand = (command: Command | ChannelCommand): command is ChannelCommand =>
  'pipelineIds' in command;

/** The command's part for one pipeline. Its id follows from the command's, so that a repeat is known as one. */
export function partOfChannelCommand(command: ChannelCommand, pipelineId: string): Command {
  const { id, kind, reason, author, issuedAt, isGraceful, isForced } = command;
  const part = { id: `${id}.${pipelineId}`, kind, pipelineId, aboutEpoch: null, reason, author, issuedAt };
  return {
    ...part,
    ...(isGraceful === undefined ? {} : { isGraceful }),
    ...(isForced === undefined ? {} : { isForced }),
  };
}
