"""nginx for a test class: one worker, everything that it writes in the class's folder."""

import os

CONFIG = """
{modules}
daemon off;
worker_processes 1;
error_log stderr;
pid {folder}/nginx.pid;
{user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx_body;
  proxy_temp_path {folder}/nginx_proxy;
  fastcgi_temp_path {folder}/nginx_fastcgi;
  uwsgi_temp_path {folder}/nginx_uwsgi;
  scgi_temp_path {folder}/nginx_scgi;
  {servers}
}}
{stream}
"""


def start_nginx(test_class, servers, ports, stream_servers=""):
    """Runs nginx with these `server` blocks, of HTTP and of TCP, until the class ends; returns once it accepts on all
    `ports`."""
    config = f"{test_class.folder}/nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    with open(config, "w", encoding="ascii") as file:
        file.write(CONFIG.format(
            folder=test_class.folder, user=user, servers=servers,
            modules="load_module /usr/lib/nginx/modules/ngx_stream_module.so;" if stream_servers else "",
            stream=f"stream {{ {stream_servers} }}" if stream_servers else ""))
    process = test_class.start("nginx", "-p", test_class.folder, "-c", config, "-e", "stderr")
    for port in ports:
        process.wait_until_accepts(port)
