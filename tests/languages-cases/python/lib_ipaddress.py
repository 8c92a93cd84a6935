import ipaddress
network = ipaddress.ip_network("10.0.0.0/29")
try:
    ipaddress.ip_address("300.1.1.1")
except ValueError as error:
    told = str(error)
[network.num_addresses, str(list(network.hosts())[-1]), ipaddress.ip_address("10.0.0.3") in network, str(ipaddress.ip_network("2001:db8::/126")[3]),
 [str(one) for one in ipaddress.collapse_addresses([ipaddress.ip_network("10.0.0.0/25"), ipaddress.ip_network("10.0.0.128/25")])], told]
