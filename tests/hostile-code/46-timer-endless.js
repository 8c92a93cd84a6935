const again = () => setTimeout(again, 1e9); again(); setInterval(() => {}, 0); 'never'
