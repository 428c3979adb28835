// For browsers that cannot even read the page's script: words that all of them know.
window.addEventListener('load', function () {
  var runs = document.documentElement.getAttribute('data-script') === 'runs';
  if (!runs) document.getElementById('too-old').removeAttribute('hidden');
});
