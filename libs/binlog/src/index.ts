// The client and the framing; the decoder is '@lutra/binlog/decoder', which select must not import.
export {};
