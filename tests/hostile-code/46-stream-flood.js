const stream = new ReadableStream({ pull(controller) { for (;;) controller.enqueue("x".repeat(1000)); } });
await stream.getReader().read()
