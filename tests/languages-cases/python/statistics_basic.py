import statistics as st
data = [2, 4, 4, 4, 5, 5, 7, 9]
result = {"mean": st.mean(data), "median": st.median(data), "mode": st.mode(data), "pstdev": st.pstdev(data), "stdev": round(st.stdev(data), 4)}
