import logging
import multiprocessing
import sys

logging.basicConfig(stream=sys.stdout, format="%(processName)s %(message)s", level=logging.INFO)
logging.info("at first")


def work(number, answers):
    logging.info("in another")
    answers.put((multiprocessing.current_process().name, number * number))


if __name__ == "__main__":
    answers = multiprocessing.Queue()
    for number in range(2):
        process = multiprocessing.Process(target=work, args=(number, answers))
        process.start()
        process.join()
        print(process.name, process.exitcode, process.is_alive())
    print(sorted(answers.get() for _ in range(2)))
    print(multiprocessing.current_process().name, multiprocessing.parent_process())
