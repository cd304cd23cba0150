import { connect } from 'node:net';

/** Connects, sends the question (when there is one), and resolves with what comes first. Rejects when nothing comes within two seconds. */
export function askSocket(port: number, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(2_000, () => socket.destroy(new Error(`Port ${String(port)} says nothing`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      if (question !== '') socket.write(question);
    });
    socket.once('data', (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.once('close', () => {
      reject(new Error(`Port ${String(port)} closed the connection`));
    });
  });
}
